"""Which array library computes: NumPy or CuPy, and the element types that the engines know."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from sabcore.errors import DTypeError

#: A NumPy or CuPy array. Both follow one interface; `array_module` tells which functions to call.
Array = Any

DTYPES = ("float32", "float64", "complex128")


def array_module(array: Array, name: str = "an array") -> Any:
    """The module whose functions compute with `array`: `numpy`, `cupy`, or what its array namespace names.

    NumPy's own arrays only: a subclass may mask values, or mean something else by a product.

    Raises:
        DTypeError: not an array of any such library, called by its `name`.
    """
    kind = type(array)
    if kind is np.ndarray or isinstance(array, np.generic):
        return np
    if isinstance(array, np.ndarray):
        raise DTypeError(f"{name} is a {kind.__name__}, but should be a plain NumPy array, as np.asarray makes one")
    if kind.__module__.partition(".")[0] == "cupy":
        return sys.modules["cupy"]
    if hasattr(array, "__array_namespace__"):
        return array.__array_namespace__()
    raise DTypeError(f"{name} is a {kind.__name__}, but should be a NumPy or CuPy array; see from_dlpack")


def on_host(array: Array) -> np.ndarray:
    """The same values as a NumPy array: a CuPy array is copied from its device, a NumPy array is itself."""
    return np.asarray(array.get() if hasattr(array, "get") else array)
