"""A block's products: a vector and a matrix, a list of weights and the rows it selects, a vector and single rows.

Threads stand side by side along the columns, so that a warp reads memory in one piece. Where there are more threads
than columns, several share a column: each takes every `shares`-th row, and the partial sums are added in order.

`AHEAD` rows are asked for before the first is used: a load takes hundreds of cycles, and nothing else hides them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from numba import cuda

from sabcore.engine.cuda.device_math import index, quotient

#: Rows under way at a time; a loop over so many is unrolled by the compiler.
AHEAD = 8
#: At most so many threads share a column, for one of them adds up what they found.
MAX_SHARES = 32


class Place(NamedTuple):
    """A thread's place over a number of columns: its first column, and which of so many `shares` of the rows it has.

    Columns beyond the last mean that it has nothing to do. Dividing is slow: places are found once, not every step.
    """

    column: int
    share: int
    shares: int


@cuda.jit(device=True)
def place_over(columns: int) -> Place:
    """The calling thread's place over `columns` columns."""
    shares = min(MAX_SHARES, max(1, quotient(cuda.blockDim.x, columns)))
    share = quotient(cuda.threadIdx.x, columns) if shares > 1 else 0
    column = cuda.threadIdx.x - share * columns
    return Place(index(column if share < shares else columns), index(share), index(shares))


@cuda.jit(device=True)
def gather_shares(place: Place, part: Any, out: Any, columns: int) -> None:
    """part[index(share * columns + c)], written by any thread -> out[:columns]; leaves all threads in step."""
    cuda.syncthreads()
    if place.shares > 1:
        c = index(cuda.threadIdx.x)
        if c < columns:
            total = part[c]
            for share in range(1, place.shares):
                total += part[index(share * columns + c)]
            out[c] = total
        cuda.syncthreads()


@cuda.jit(device=True)
def row_product(place: Place, v: Any, M: Any, rows: int, columns: int, out: Any, part: Any) -> None:
    """v (R,), M (RC,), a matrix row by row -> out (C,) = v M. All threads must call and leave in step.

    part (threads,) is scratch, here and below.
    """
    step, jump, c = place.shares, index(place.shares * columns), place.column
    while c < columns:
        total, r, at = v.dtype.type(0), place.share, index(place.share * columns + c)
        while r + (AHEAD - 1) * step < rows:
            for i in range(AHEAD):
                total += v[index(r + i * step)] * M[index(at + i * jump)]
            r, at = index(r + AHEAD * step), index(at + AHEAD * jump)
        while r < rows:
            total += v[r] * M[at]
            r, at = index(r + step), index(at + jump)
        if step == 1:
            out[c] = total
        else:
            part[index(place.share * columns + c)] = total
        c = index(c + cuda.blockDim.x)
    gather_shares(place, part, out, columns)


@cuda.jit(device=True)
def memory_row(plan: Any, j: int, b: int) -> int:
    """Where slot j of batch row b stands in h_all ((T+1)B,H)."""
    return (plan.first_slot + j * plan.k_att) * cuda.gridDim.x + b


@cuda.jit(device=True)
def weighted_rows(plan: Any, place: Place, h_all: Any, b: int, w: Any, idx: Any, n: int, out: Any, part: Any) -> None:
    """w idx (n,), the memories in h_all ((T+1)B,H) -> out (H,) = sum_i w_i m_i; otherwise as `row_product`."""
    step, u = place.shares, place.column
    while u < plan.H:
        total, r = w.dtype.type(0), place.share
        while r + (AHEAD - 1) * step < n:
            for i in range(AHEAD):
                at = memory_row(plan, idx[index(r + i * step)], b)
                total += w[index(r + i * step)] * h_all[index(at), u]
            r = index(r + AHEAD * step)
        while r < n:
            at = memory_row(plan, idx[r], b)
            total += w[r] * h_all[index(at), u]
            r = index(r + step)
        if step == 1:
            out[u] = total
        else:
            part[index(place.share * plan.H + u)] = total
        u = index(u + cuda.blockDim.x)
    gather_shares(place, part, out, plan.H)


@cuda.jit(device=True)
def row_dots(plan: Any, h_all: Any, b: int, v: Any, idx: Any, n: int, out: Any, part: Any) -> None:
    """v (H,), the memories -> out (n,), out_i = v . m_i: a warp for each row. All threads must call, and end in step.

    Every thread of a warp passes both of its barriers, whether it has a row or not.
    """
    tid, width = cuda.threadIdx.x, min(32, cuda.blockDim.x)
    warp = quotient(tid, width)
    lane, warps, first = tid - warp * width, quotient(cuda.blockDim.x, width), 0
    while first < n:
        i = first + warp
        total, u = v.dtype.type(0), index(lane)
        if i < n:
            at = memory_row(plan, idx[i], b)
            while u < plan.H:
                total += v[u] * h_all[index(at), u]
                u = index(u + width)
        part[index(tid)] = total
        cuda.syncwarp()
        if lane == 0 and i < n:
            for other in range(1, width):
                total += part[index(tid + other)]
            out[i] = total
        cuda.syncwarp()
        first += warps
    cuda.syncthreads()
