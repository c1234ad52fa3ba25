"""What a step reads of its slots.

A list has n slots idx and numbers for each; threads divide its rows and the columns among themselves, and ask for
`ROWS` rows before they use the first: a load takes hundreds of cycles, and nothing else hides them.
"""

from __future__ import annotations

from typing import Any

from numba import cuda

from sabcore.engine.cuda.device_math import index, wide
from sabcore.engine.cuda.slots import memory_row

#: Rows of a list under way at a time.
ROWS = 8
#: So many threads work together on the product of two rows.
LANES = 16


@cuda.jit(device=True)
def read_slots(columns: Any, plan: Any, tape: Any, b: int, w: Any, idx: Any, n: int, part: Any) -> None:
    """w idx (n,), the tape, where the memories are -> part (shares H,): the summary s, for `gathered`."""
    share = index(cuda.threadIdx.x // index(columns.columns))
    if share >= columns.shares:
        return
    for turn in range(columns.turns):
        u = index(cuda.threadIdx.x - share * index(columns.columns) + turn * columns.threads)
        if u < columns.columns:
            total, r = w.dtype.type(0), share
            while r < n:
                for i in range(ROWS):
                    at = index(r + index(i * columns.shares))
                    weight = w[at] if at < n else w.dtype.type(0)
                    row = memory_row(plan, idx[at if at < n else r], b)
                    total += weight * tape.h[index(row), u]
                r = index(r + index(ROWS * columns.shares))
            part[index(share * index(columns.columns) + u)] = total


@cuda.jit(device=True)
def put_shares(columns: Any, mine: Any, part: Any) -> None:
    """What each thread has found for its columns, a number for each of its turns -> part, for `gathered`."""
    share = index(cuda.threadIdx.x // index(columns.columns))
    for turn in range(columns.turns):
        u = index(cuda.threadIdx.x - share * index(columns.columns) + turn * columns.threads)
        if share < columns.shares and u < columns.columns:
            part[index(share * index(columns.columns) + u)] = mine[turn]


@cuda.jit(device=True)
def dot_slots(build: Any, plan: Any, tape: Any, b: int, ds: Any, idx: Any, n: int, dw: Any, part: Any) -> None:
    """ds (H,), the tape, where the memories are -> dw (n,), dw_i = ds . m_i.

    All threads must call, with ds complete; they leave in step.
    """
    tid = index(cuda.threadIdx.x)
    i, width = index(tid // index(LANES)), build.threads // LANES
    lane, first = index(tid - i * LANES), 0
    while first < n:
        total, u = ds.dtype.type(0), lane
        if i < n:
            row = index(memory_row(plan, idx[i], b))
            while u < build.H:
                for k in range(ROWS):
                    at = wide(u) + wide(k * LANES)
                    total += ds[at] * tape.h[row, at] if at < wide(build.H) else ds.dtype.type(0)
                u = index(u + ROWS * LANES)
        part[tid] = total
        cuda.syncwarp()
        if lane == 0 and i < n:
            for other in range(1, LANES):
                total += part[wide(tid) + wide(other)]
            dw[i] = total  # M.3*
        cuda.syncwarp()
        i = index(i + width)
        first += width
    cuda.syncthreads()
