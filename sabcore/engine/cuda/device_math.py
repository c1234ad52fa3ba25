"""Functions of one number, and sums over a block, for kernels.

A sum over a block is taken in one fixed order, by 32 threads and then by each thread for itself: the same bits in
every thread and in every run.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import cuda

#: The type of an index. Unsigned: at every access with a signed one Numba asks whether it counts from the end.
index: Any = np.uint32
#: How many threads begin a sum over a block.
COLLECTORS = 32


@cuda.jit(device=True)
def quotient(a: int, b: int) -> Any:
    """a // b for 0 <= a < 2^32, 0 < b < 2^32: a GPU divides 32-bit numbers in a fifth of the time."""
    return index(index(a) // index(b))


@cuda.jit(device=True)
def sigmoid(z: Any) -> Any:
    """1 / (1 + e^-z), accurate in both tails, never overflowing."""
    one = type(z)(1)
    e = type(z)(math.exp(-abs(z)))
    return one / (one + e) if z >= 0 else e / (one + e)


@cuda.jit(device=True)
def clamp(x: Any, limit: Any) -> Any:
    """x, moved into [-limit, limit]."""
    return min(max(x, -limit), limit)


@cuda.jit(device=True)
def block_sum(values: Any, n: int, part: Any) -> Any:
    """The sum of values[:n], which all threads have finished writing; `part` is scratch. All threads must call."""
    tid, total = cuda.threadIdx.x, values.dtype.type(0)
    if n <= COLLECTORS:
        for i in range(n):
            total += values[i]
        cuda.syncthreads()
        return total
    width = min(COLLECTORS, cuda.blockDim.x)
    if tid < width:
        i = index(tid)
        while i < n:
            total += values[i]
            i = index(i + width)
        part[index(tid)] = total
    cuda.syncthreads()
    total = values.dtype.type(0)
    for i in range(width):
        total += part[index(i)]
    cuda.syncthreads()
    return total


@cuda.jit(device=True)
def block_max(values: Any, n: int, part: Any) -> Any:
    """The largest of values[:n], n >= 1; as `block_sum`."""
    tid, largest = cuda.threadIdx.x, values[0]
    width = min(COLLECTORS, cuda.blockDim.x)
    if tid < width:
        i = index(tid)
        while i < n:
            largest = max(largest, values[i])
            i = index(i + width)
        part[index(tid)] = largest
    cuda.syncthreads()
    for i in range(width):
        largest = max(largest, part[index(i)])
    cuda.syncthreads()
    return largest
