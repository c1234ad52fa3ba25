"""Checking a vector: compute all that it holds with this engine and compare tensor by tensor."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from sabcore.engine import backward, forward
from sabcore.errors import FormatError
from sabcore.vectors.compare import TensorReport, compare
from sabcore.vectors.record import Vector

#: The plain engine is the definition, and starts without compiling anything.
plain_forward = partial(forward, engine="plain")
#: The files that come with the package.
SHIPPED = Path(__file__).parent / "shipped"


def check(vector: Vector, tolerance: float | None = None) -> list[TensorReport]:
    """One report per expected tensor, computed in float64 whatever the file holds.

    Raises:
        FormatError: the vector expects nothing.
    """
    return compare(recompute(vector), vector.expected, tolerance)


def recompute(
    vector: Vector, forward: Callable[..., Any] = plain_forward, backward: Callable[..., Any] = backward
) -> dict[str, np.ndarray]:
    """All that a file can expect, by the spec's names, in float64: `y`, `h`, `s`, `c` and every `grad.NAME`.

    `forward` and `backward` are the plain engine's, or anybody's with the same signatures.
    """
    x, dy = (np.asarray(value, np.float64) for value in (vector.x, vector.dy))
    params = {name: np.asarray(value, np.float64) for name, value in vector.params.items()}
    zeros = np.zeros((x.shape[1], vector.config.hidden_size))
    h0, c0 = (zeros if value is None else np.asarray(value, np.float64) for value in (vector.h0, vector.c0))
    with np.errstate(all="ignore"):  # a stranger's huge numbers may overflow: the comparison says so, not a warning
        y, tape = forward(vector.config, params, x, h0=h0, c0=c0)
        grads = backward(vector.config, params, tape, dy)
    s = np.zeros_like(tape.h) if tape.s is None else tape.s
    return {"y": y, "h": tape.h, "s": s, "c": tape.c} | {f"grad.{name}": value for name, value in grads.items()}


def find(paths: list[str | os.PathLike]) -> list[Path]:
    """The vector files that `paths` name: a folder stands for those in it, no path at all for the shipped set.

    Raises:
        FormatError: a folder without vector files.
    """
    found: list[Path] = []
    for path in map(Path, paths or [SHIPPED]):
        inside = sorted(path.glob("*.safetensors")) if path.is_dir() else [path]
        if not inside:
            raise FormatError(f"{path} holds no .safetensors file, but should hold at least one to check")
        found += inside
    return found
