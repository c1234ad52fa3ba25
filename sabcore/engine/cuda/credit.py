"""Where gradients go: from a read to its slots, from a step to the one before."""

from __future__ import annotations

from typing import Any

from numba import cuda

from sabcore.engine.cuda.device_math import index, quotient
from sabcore.engine.cuda.read import ROWS
from sabcore.engine.cuda.score import unit


@cuda.jit(device=True)
def credit_memories(columns: Any, w: Any, ds: Any, idx: Any, n: int, b: int, dM: Any) -> None:
    """w (n,), ds (H,) -> dM (NB,H) += w ds, where the slots of row b stand."""
    share = index(cuda.threadIdx.x // index(columns.columns))
    if share >= columns.shares:
        return
    rows, found = cuda.local.array(ROWS, idx.dtype), cuda.local.array(ROWS, dM.dtype)
    for turn in range(columns.turns):
        u = index(cuda.threadIdx.x - share * index(columns.columns) + turn * columns.threads)
        if u < columns.columns:
            r = share
            while r < n:
                for i in range(ROWS):
                    at = index(r + index(i * columns.shares))
                    rows[i] = idx[at if at < n else r] * cuda.gridDim.x + b
                    found[i] = dM[index(rows[i]), u]
                for i in range(ROWS):
                    at = index(r + index(i * columns.shares))
                    if at < n:
                        dM[index(rows[i]), u] = found[i] + w[at] * ds[u]  # M.3*
                r = index(r + index(ROWS * columns.shares))


@cuda.jit(device=True)
def credit_keys(columns: Any, build: Any, tape: Any, n: int, b: int, dkeys: Any, near: Any, dw_a: Any) -> None:
    """near, with da (n,) of the slots idx -> dkeys (NB,U) += their shares; part (shares U,): dq, for `sum_shares`; and
    dw_a, a number for each of the thread's turns.
    """
    share = index(cuda.threadIdx.x // index(columns.columns))
    if share >= columns.shares:
        return
    rows, is_far = cuda.local.array(ROWS, near.idx.dtype), cuda.local.array(ROWS, tape.far.dtype)
    key, found = cuda.local.array(ROWS, dkeys.dtype), cuda.local.array(ROWS, dkeys.dtype)
    for turn in range(columns.turns):
        u = index(cuda.threadIdx.x - share * index(columns.columns) + turn * columns.threads)
        if u < columns.columns:
            total, r = near.da.dtype.type(0), share
            while r < n:
                for i in range(ROWS):
                    at = index(r + index(i * columns.shares))
                    rows[i] = near.idx[at if at < n else r] * cuda.gridDim.x + b
                    is_far[i], key[i] = tape.far[index(rows[i])], tape.keys[index(rows[i]), u]
                    found[i] = dkeys[index(rows[i]), u]
                for i in range(ROWS):
                    at = index(r + index(i * columns.shares))
                    if at < n:
                        dk = near.da[at]  # P.3*
                        if build.additive:
                            t, slope = unit(key[i], is_far[i], near.q[u], near.e[u])
                            dw_a[turn] += dk * t  # A.4*
                            dk *= slope * near.w_a[u]  # A.3*, A.4*
                        total += dk
                        dkeys[index(rows[i]), u] = found[i] + dk
                r = index(r + index(ROWS * columns.shares))
            near.part[index(share * index(columns.columns) + u)] = total


@cuda.jit(device=True)
def carried_to(plan: Any, t: int, level: int) -> int:
    """The level on which a gradient of step t's h_, c_ goes on in the state of step t - 1; -1 if it is cut."""
    if t == 1:
        return level
    last = t - 1 + plan.segment_offset
    if plan.k_trunc and last == quotient(last, plan.k_trunc) * plan.k_trunc:
        return -1  # T.1*
    return level - 1 if level < plan.bounded else level  # T.2*
