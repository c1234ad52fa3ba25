"""The top-k of `sabcore.engine.topk`, compiled: two fast looks at a row, and little that needs ranking.

1. Set a bar. The row is dealt out to G >= k lanes, element j to lane j mod G, and the largest of each lane is found. At
   least k lanes reach the k-th largest of these maxima, so the k-th largest of the row is no lower.
2. Gather, in their order, the elements that reach the bar: windows of 64 are compared at once. In random order about
   1.6 k of them do, however long the row is.
3. Rank what was gathered.

Should more reach the bar than there is room for, the gathered ones are ranked, the k best kept, and the bar rises above
the worst of them. A NaN reaches no bar; where fewer than k numbers are found, NaN follow in their order.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from sabcore.engine.cpu.jit import jit_entry
from sabcore.engine.cpu.lanes import LANES, WINDOW, at_least, count_larger, lane_maxima, lowest_bit

#: So many are ranked by counting, for each, how many are larger; more, as runs of so many that are then merged.
RUN = 256

#: For what selects in one row: `forceinline`, for a call costs more than what some parts do, and `_nrt`, without which
#: every part would count its references to every array, with an atomic instruction each. Nothing here allocates.
_part: Any = njit(error_model="numpy", forceinline=True, _nrt=False)
_function: Any = njit(error_model="numpy", _nrt=False)


def largest(rows: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """rows (rows,n), k at most n -> indices values (rows,k)."""
    flags = rows.flags
    if not (flags.c_contiguous and flags.aligned and flags.writeable):
        rows = np.require(rows, requirements=["C", "A", "W"])
    indices, values = np.empty((len(rows), k), np.int64), np.empty((len(rows), k), rows.dtype)
    if k:
        _rank_rows(rows, indices, values)
    return indices, values


def room(n: int, k: int) -> int:
    """The size of what `select_row` works in, for the k largest of n."""
    return -(-(max(min(2 * k, n), WINDOW) + WINDOW) // LANES) * LANES


_room: Any = njit(room)


@jit_entry()
def _rank_rows(a: np.ndarray, indices: np.ndarray, values: np.ndarray) -> None:
    n, k = a.shape[1], indices.shape[1]
    size = _room(n, k)
    found, v = np.empty(size, np.int64), np.empty(size, a.dtype)
    order, rank = np.empty(size, np.int32), np.empty(size, np.int32)
    _select_rows(a, n, k, indices, values, found, v, order, rank)


@_function
def _select_rows(
    a: np.ndarray,
    n: int,
    k: int,
    indices: np.ndarray,
    values: np.ndarray,
    found: np.ndarray,
    v: np.ndarray,
    order: np.ndarray,
    rank: np.ndarray,
) -> None:
    for row in range(len(a)):
        select_row(a[row], n, k, indices[row], values[row], found, v, order, rank)


@_part
def select_row(
    a: np.ndarray,
    n: int,
    k: int,
    indices: np.ndarray,
    values: np.ndarray,
    found: np.ndarray,
    v: np.ndarray,
    order: np.ndarray,
    rank: np.ndarray,
) -> None:
    """Rank the k largest of a[:n], 1 <= k <= n, into indices[:k] and values[:k].

    found v order rank (room,) are scratch: the indices and values of what is gathered, and its ranking.
    """
    bar, count = _bar(a, n, k, v, order, rank), 0
    for start in range(0, n, WINDOW):
        if len(found) - count < WINDOW:
            _keep(k, count, indices, values, found, v, order, rank)
            for i in range(k):
                found[i], v[i] = indices[i], values[i]
            count = k
            bar = np.nextafter(values[k - 1], a.dtype.type(np.inf))
        count = _gather(a, n, start, bar, found, v, count)
    _keep(min(k, count), count, indices, values, found, v, order, rank)
    for j in range(n if count < k else 0):
        if a[j] != a[j] and count < k:
            indices[count], values[count] = j, a[j]
            count += 1


@_part
def _bar(a: np.ndarray, n: int, k: int, v: np.ndarray, order: np.ndarray, rank: np.ndarray) -> Any:
    """A number that the k-th largest of a[:n] is not below: -inf, or of the lanes' maxima the k-th largest."""
    G = -(-11 * k // (8 * LANES)) * LANES  # some more than k: with as many, the bar would be the lowest of the maxima
    if 2 * G > n:
        return -a.dtype.type(np.inf)
    for start in range(0, G, LANES):
        lane_maxima(a, n, start, G, v)
    _rank(G, v, order, rank)
    return v[order[k - 1]]


@_part
def _gather(a: np.ndarray, n: int, start: int, bar: Any, found: np.ndarray, v: np.ndarray, count: int) -> int:
    """Append those of a[start:start+WINDOW], as far as n, that reach the bar; returns how many there are now."""
    if n < WINDOW:
        for j in range(n):
            found[count], v[count] = j, a[j]
            count += a[j] >= bar
        return count
    lo = min(start, n - WINDOW)
    reach = at_least(a, lo, bar) & (-1 << (start - lo))  # the last window overlaps the one before
    while reach != 0:
        j = lo + lowest_bit(reach)
        found[count], v[count] = j, a[j]
        count += 1
        reach &= reach - 1
    return count


@_part
def _keep(
    k: int,
    count: int,
    indices: np.ndarray,
    values: np.ndarray,
    found: np.ndarray,
    v: np.ndarray,
    order: np.ndarray,
    rank: np.ndarray,
) -> None:
    """The k best of what was gathered -> indices, values."""
    _rank(count, v, order, rank)
    for i in range(k):
        indices[i], values[i] = found[order[i]], v[order[i]]


@_part
def _rank(count: int, v: np.ndarray, order: np.ndarray, rank: np.ndarray) -> None:
    """order[:count] = the places of v[:count], the best first; of equal values, the first comes first."""
    for lo in range(0, count, RUN):
        _rank_run(lo, min(lo + RUN, count), v, order, rank)
    width = RUN
    while width < count:
        for lo in range(0, count - width, 2 * width):
            _merge(lo, lo + width, min(lo + 2 * width, count), v, order, rank)
        width *= 2


@_part
def _rank_run(lo: int, hi: int, v: np.ndarray, order: np.ndarray, rank: np.ndarray) -> None:
    total = 0
    for i in range(lo, hi, LANES):
        count_larger(v, lo, hi, i, rank)
    for i in range(lo, hi):
        order[lo + rank[i]] = i
        total += rank[i]
    if 2 * total < (hi - lo) * (hi - lo - 1):
        _rank_equals(lo, hi, order, rank)


@_function
def _rank_equals(lo: int, hi: int, order: np.ndarray, rank: np.ndarray) -> None:
    """The same where values are equal and therefore share a rank: the ranks after it are theirs, in their order."""
    for i in range(lo, hi):
        order[i] = 0
    for i in range(lo, hi):
        shared = lo + rank[i]
        rank[i] += order[shared]
        order[shared] += 1
    for i in range(lo, hi):
        order[lo + rank[i]] = i


@_function
def _merge(lo: int, mid: int, hi: int, v: np.ndarray, order: np.ndarray, merged: np.ndarray) -> None:
    """The rankings order[lo:mid] and order[mid:hi] become one."""
    left, right, i = lo, mid, lo
    while left < mid and right < hi:
        first, second = order[left], order[right]
        from_left = int(v[first] >= v[second])
        merged[i] = second + from_left * (first - second)  # no branch: it would be a matter of chance
        left, right, i = left + from_left, right + 1 - from_left, i + 1
    for j in range(left, mid):
        merged[i + j - left] = order[j]
    for j in range(lo, i + mid - left):  # what is left of the second stands where it belongs
        order[j] = merged[j]
