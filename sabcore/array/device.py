"""Where to compute: `cpu` is NumPy, `cuda` is CuPy on a GPU that answers, `auto` the GPU if there is one."""

from __future__ import annotations

import importlib
import math
from typing import Any

import numpy as np

from sabcore.errors import DeviceError
from sabcore.text import error_line

DEVICES = ("auto", "cpu", "cuda")


def resolve(device: str) -> Any:
    """The module that computes on `device`: `numpy` or `cupy`.

    Raises:
        DeviceError: an unknown name, or `cuda` where it cannot be used: what was looked for, and how to install it.
    """
    if device not in DEVICES:
        raise DeviceError(f"device is {device!r}, but should be one of {', '.join(DEVICES)}")
    if device == "cpu":
        return np
    try:
        return _working_cupy()
    except DeviceError:
        if device == "cuda":
            raise
        return np


def _working_cupy() -> Any:
    """CuPy, after it has computed something: importing it proves nothing about drivers, libraries and compilers."""
    try:
        cupy = importlib.import_module("cupy")
    except Exception as error:  # a broken installation raises whatever its libraries raise
        raise _unusable("CuPy cannot be imported", error) from error
    try:
        if not cupy.cuda.is_available():
            raise RuntimeError("no GPU answers")
        ones = cupy.ones((2, 2), dtype="float32")
        if not abs(cupy.tanh(ones @ ones).sum().item() - 4 * math.tanh(2)) < 1e-5:  # so written that NaN fails
            raise RuntimeError("a small product came out wrong")
    except Exception as error:
        raise _unusable("CuPy is installed, but does not work", error) from error
    return cupy


def _unusable(what: str, error: Exception) -> DeviceError:
    reason = error_line(error, longest=160)
    return DeviceError(
        f"device 'cuda' needs CuPy and an NVIDIA GPU, but {what} ({reason}); install it with "
        'pip install "cupy-cuda13x[ctk]" (12 for 13 with an older driver), or use --device cpu'
    )
