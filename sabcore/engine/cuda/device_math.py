"""Functions of one number, and sums over a block, for kernels.

A sum over a block is taken in one fixed order, by 32 threads and then by each thread for itself: the same bits in
every thread and in every run.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import cuda

from sabcore.engine.cuda.tile import COLLECTORS

#: The type of an index. Unsigned: at every access with a signed one Numba asks whether it counts from the end.
index: Any = np.uint32
#: For sums of a variable and constants: in 64 bits they cannot wrap around, so a load adds the constant by itself.
wide: Any = np.uint64


@cuda.jit(device=True)
def quotient(a: int, b: int) -> Any:
    """a // b for 0 <= a < 2^32, 0 < b < 2^32: a GPU divides 32-bit numbers in a fifth of the time."""
    return index(index(a) // index(b))


@cuda.jit(device=True)
def fraction(single: int, a: Any, b: Any) -> Any:
    """a / b; in float32 to 2 ulp, in a third of the instructions, for b below 2^126."""
    if single:
        return cuda.libdevice.fast_fdividef(a, b)
    return a / b


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
    """The sum of values[:n], which all threads have finished writing, and may change when they have it.

    `part` is scratch, until the next barrier. All threads must call.
    """
    tid, total = index(cuda.threadIdx.x), values.dtype.type(0)
    if n <= COLLECTORS:
        total = _sum(values, n, total)
        cuda.syncthreads()
        return total
    width = index(min(COLLECTORS, cuda.blockDim.x))
    if tid < width:
        i = tid
        while i < n:
            total += values[i]
            i = index(i + width)
        part[tid] = total
    cuda.syncthreads()
    return _sum(part, width, values.dtype.type(0))


@cuda.jit(device=True)
def _sum(values: Any, n: int, total: Any) -> Any:
    i = wide(0)
    while i < wide(n):
        total += values[i]
        i += wide(1)
    return total


@cuda.jit(device=True)
def block_max(values: Any, n: int, part: Any) -> Any:
    """The largest of values[:n], n >= 1; as `block_sum`."""
    tid, largest = index(cuda.threadIdx.x), values[0]
    width = index(min(COLLECTORS, cuda.blockDim.x))
    if tid < width:
        i = tid
        while i < n:
            largest = max(largest, values[i])
            i = index(i + width)
        part[tid] = largest
    cuda.syncthreads()
    i = wide(0)
    while i < wide(width):
        largest = max(largest, part[i])
        i += wide(1)
    return largest
