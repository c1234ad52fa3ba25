"""The k largest values of a row and where they are: one pass, no sorting of the rest, the same answer every time.

The order is total, so that there is one right answer: the larger value first; of equal values, the lower index (the
older memory) first; NaN after everything else, `-inf` included. `+0.0` and `-0.0` are equal.

The k best so far stand ranked; the worst of them is the bar that a new value must pass, and most do not. One that
passes moves into its place: for values in random order that happens about k ln(n / k) times. Where k is large, moving
a long list would cost more than it saves: then the k best stand in a binary heap with the worst of them at the root,
O(n log k) whatever the order.

Plain loops over given buffers, nothing allocated, so that the same functions compile for a GPU thread as well.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from sabcore.backend import Array, array_module
from sabcore.errors import DTypeError, ShapeError

#: Above this k a heap takes the place of the ranked list.
LIST_LIMIT = 128

_jit: Any = njit(error_model="numpy")


def topk(a: Array, k: int) -> tuple[Array, Array]:
    """The k largest values of each row, ranked.

    Args:
        a: (n,) or (rows,n), NumPy or CuPy, float32 or float64; NaN and infinities are welcome.
        k: at least 0; at and above n, everything is ranked.

    Returns:
        indices (min(k,n),) or (rows,min(k,n)), int64, best first, and the values there.

    Raises:
        ShapeError: `a` has no such shape, or k is negative.
        DTypeError: another element type, or no array of NumPy or CuPy.
    """
    library = array_module(a).__name__
    if library not in ("numpy", "cupy"):
        raise DTypeError(f"a is a {library} array, but should be a NumPy or CuPy array")
    if a.ndim not in (1, 2):
        raise ShapeError(f"a has shape {a.shape}, but should be (n,) or (rows,n)")
    if k < 0:
        raise ShapeError(f"k is {k}, but should be at least 0")
    if str(a.dtype) not in ("float32", "float64"):
        raise DTypeError(f"a has dtype {a.dtype}, but should have float32 or float64")
    rows = a if a.ndim == 2 else a[None]
    indices, values = (_largest_on_gpu if library == "cupy" else _largest)(rows, min(k, rows.shape[1]))
    return (indices, values) if a.ndim == 2 else (indices[0], values[0])


def _largest_on_gpu(rows: Array, k: int) -> tuple[Array, Array]:
    from sabcore.engine.cuda.largest import largest  # not before it is needed: it imports CUDA

    return largest(rows, k)


def _largest(rows: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """rows (rows,n), k at most n -> indices values (rows,k)."""
    rows = np.require(rows, requirements=["C", "A", "W"])
    indices, values = np.empty((len(rows), k), np.int64), np.empty((len(rows), k), rows.dtype)
    if k:
        _rank_rows(rows, indices, values)
    return indices, values


@njit(cache=True, error_model="numpy")
def _rank_rows(a: np.ndarray, indices: np.ndarray, values: np.ndarray) -> None:
    for row in range(len(a)):
        select_row(a[row], a.shape[1], indices.shape[1], indices[row], values[row])


@_jit
def select_row(a: np.ndarray, n: int, k: int, indices: np.ndarray, values: np.ndarray) -> None:
    """Rank the k largest of a[:n], 1 <= k <= n, into indices[:k] and values[:k]."""
    if k > LIST_LIMIT:
        _select_by_heap(a, n, k, indices, values)
        return
    for j in range(k):
        _insert(a[j], j, j, indices, values)
    bar = values[k - 1]
    for j in range(k, n):
        if _better(a[j], bar):
            _insert(a[j], j, k - 1, indices, values)
            bar = values[k - 1]


@_jit
def _better(value: Any, other: Any) -> bool:
    """True if a later value ranks before an earlier one: strictly larger, or a number where that is NaN."""
    return value > other or (other != other and value == value)


@_jit
def _insert(value: Any, index: int, place: int, indices: np.ndarray, values: np.ndarray) -> None:
    """Move a value that came later than all in the list into its rank, at `place` or before."""
    while place > 0 and _better(value, values[place - 1]):
        indices[place], values[place] = indices[place - 1], values[place - 1]
        place -= 1
    indices[place], values[place] = index, value


@_jit
def _select_by_heap(a: np.ndarray, n: int, k: int, indices: np.ndarray, values: np.ndarray) -> None:
    for j in range(k):
        indices[j], values[j] = j, a[j]
    for root in range(k // 2 - 1, -1, -1):
        _sink(indices, values, root, k)
    for j in range(k, n):
        if _better(a[j], values[0]):
            indices[0], values[0] = j, a[j]
            _sink(indices, values, 0, k)
    for end in range(k - 1, 0, -1):  # the worst of what is left goes to the end: the heap turns into a ranking
        indices[0], indices[end] = indices[end], indices[0]
        values[0], values[end] = values[end], values[0]
        _sink(indices, values, 0, end)


@_jit
def _worse(indices: np.ndarray, values: np.ndarray, p: int, q: int) -> bool:
    """True if the entry at p ranks after the one at q."""
    if _better(values[p], values[q]):
        return False
    return _better(values[q], values[p]) or indices[p] > indices[q]


@_jit
def _sink(indices: np.ndarray, values: np.ndarray, root: int, size: int) -> None:
    """Restore the heap of the first `size` entries below `root`: every parent ranks after its children."""
    while 2 * root + 1 < size:
        child = 2 * root + 1
        if child + 1 < size and _worse(indices, values, child + 1, child):
            child += 1
        if not _worse(indices, values, child, root):
            return
        indices[root], indices[child] = indices[child], indices[root]
        values[root], values[child] = values[child], values[root]
        root = child
