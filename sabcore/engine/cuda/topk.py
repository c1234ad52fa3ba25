"""The k largest values of a row, by one block: no atomics, no sorting, the same answer every time.

The order is that of `sabcore.topk`: the larger value first; of equal values the lower index (the older memory) first;
NaN after everything else. A value's place is the number of values that come before it, so ranking is counting. To
count little, a long row is first cut into groups; what is not among the k best of its group is dropped, until few are
left. Dropping keeps equal values in the order of their indices, so positions alone break ties.
"""

from __future__ import annotations

from typing import Any

from numba import cuda

from sabcore.engine.cuda.device_math import index, quotient, wide


@cuda.jit(device=True)
def select_row(a: Any, n: int, k: int, indices: Any, values: Any, some_indices: Any, some_values: Any) -> None:
    """Rank the k largest of a[:n], 1 <= k <= n, into indices[:k] and values[:k].

    some_indices, some_values: scratch of n elements each. All threads must call, `a` complete; they leave in step.
    """
    size = max(32, 4 * k)
    if n <= 2 * size:
        _best_of_groups(a, indices, True, 0, n, n, k, indices, values, 0)
        return
    here, there = 0, quotient(n, 2)
    left = _best_of_groups(a, indices, True, 0, n, size, k, some_indices, some_values, here)
    while left > 2 * size:
        left = _best_of_groups(some_values, some_indices, False, here, left, size, k, some_indices, some_values, there)
        here, there = there, here
    _best_of_groups(some_values, some_indices, False, here, left, left, k, indices, values, 0)


@cuda.jit(device=True)
def _best_of_groups(
    a: Any, names: Any, is_row: bool, start: int, n: int, size: int, k: int, indices: Any, values: Any, to: int
) -> int:
    """The k best of each `size` of n values from a[start], ranked, one group after the other, are written from
    `to` on; returns how many. `names` are the indices of the values in the row, unless `a` is the row."""
    i = index(cuda.threadIdx.x)
    while i < n:
        group = quotient(i, size)
        lo = index(group * index(size))
        rank = _rank(a, index(start + lo), index(start + min(index(lo + size), index(n))), index(start + i))
        if rank < k:
            place = index(to + group * index(k) + rank)
            values[place], indices[place] = a[index(start + i)], i if is_row else names[index(start + i)]
        i = index(i + cuda.blockDim.x)
    cuda.syncthreads()
    full = quotient(n - 1, size)
    return full * k + min(k, n - full * size)


@cuda.jit(device=True)
def _rank(a: Any, lo: int, hi: int, i: int) -> int:
    """How many of a[lo:hi] come before a[i]: of those before it that are no less, of those after it that are more."""
    mine, rank = a[i], index(0)
    p, middle, end = wide(lo), wide(i), wide(hi)
    if mine == mine:
        while p < middle:
            rank = index(rank + index(a[p] >= mine))
            p += wide(1)
        while p < end:
            rank = index(rank + index(a[p] > mine))
            p += wide(1)
        return rank
    rank = index(i - lo)
    while p < end:
        if p > middle:
            rank = index(rank + index(a[p] == a[p]))
        p += wide(1)
    return rank


def topk_kernel(a: Any, k: int, indices: Any, values: Any, some_indices: Any, some_values: Any) -> None:
    """One block a row: a (rows,n) -> indices values (rows,k); some_indices some_values (rows,n) are scratch."""
    row = cuda.blockIdx.x
    select_row(a[row], a.shape[1], k, indices[row], values[row], some_indices[row], some_values[row])
