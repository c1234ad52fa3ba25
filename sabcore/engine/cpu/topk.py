"""The top-k of `sabcore.engine.topk`, compiled: one pass, no sorting of the rest.

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

#: Above this k a heap takes the place of the ranked list.
LIST_LIMIT = 128

_jit: Any = njit(error_model="numpy")


def largest(rows: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
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
