"""The k largest values of a row and where they are, the same answer every time, on NumPy and CuPy arrays.

The order is total, so that there is one right answer: the larger value first; of equal values, the lower index (the
older memory) first; NaN after everything else, `-inf` included. `+0.0` and `-0.0` are equal.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from numbers import Integral
from typing import Any

import numpy as np

from sabcore.array.library import Array, array_module
from sabcore.errors import DTypeError, ShapeError

_DTYPES = (np.dtype("float32"), np.dtype("float64"))


def topk(a: Array, k: int) -> tuple[Array, Array]:
    """The k largest values of each row, ranked.

    Args:
        a: (n,) or (rows,n), NumPy or CuPy, float32 or float64; NaN and infinities are welcome.
        k: at least 0; at and above n, everything is ranked.

    Returns:
        indices (min(k,n),) or (rows,min(k,n)), int64, best first, and the values there.

    Raises:
        ShapeError: `a` has no such shape, or k is no whole number from 0 on.
        DTypeError: another element type, or no array of NumPy or CuPy.
    """
    library = array_module(a, "a").__name__
    if library not in ("numpy", "cupy"):
        raise DTypeError(f"a is a {library} array, but should be a NumPy or CuPy array")
    if a.ndim not in (1, 2):
        raise ShapeError(f"a has shape {a.shape}, but should be (n,) or (rows,n)")
    if type(k) is not int or k < 0:
        k = _whole(k)
    if a.dtype not in _DTYPES:
        raise DTypeError(f"a has dtype {a.dtype}, but should have float32 or float64")
    rows = a if a.ndim == 2 else a[None]
    indices, values = _implementation(library)(rows, min(k, rows.shape[1]))
    return (indices, values) if a.ndim == 2 else (indices[0], values[0])


def _whole(k: Any) -> int:
    """k as Python's own whole number, NumPy's or what else counts as one; True and False do not."""
    if isinstance(k, bool) or not isinstance(k, Integral) or k < 0:
        raise ShapeError(f"k is {k!r}, but should be a whole number, at least 0")
    return int(k)


@cache
def _implementation(library: str) -> Callable[[Array, int], tuple[Array, Array]]:
    """What ranks rows of that library's arrays; imported when it is first needed, for it brings a compiler along."""
    if library == "cupy":
        from sabcore.engine.cuda.largest import largest
    else:
        from sabcore.engine.cpu.topk import largest
    return largest
