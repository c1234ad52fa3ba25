"""Where the gradient of a read goes: to the slots it read, and from a slot to the state of the step that wrote it."""

from __future__ import annotations

from typing import Any

from numba import cuda

from sabcore.engine.cuda.device_math import index, quotient
from sabcore.engine.cuda.product import gathered, multiply
from sabcore.engine.cuda.read import ROWS
from sabcore.engine.cuda.score import feature_slope, unit


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
def credit_keys(
    columns: Any,
    build: Any,
    tape: Any,
    idx: Any,
    n: int,
    b: int,
    da: Any,
    q: Any,
    e: Any,
    w_a: Any,
    dkeys: Any,
    dw_a: Any,
    part: Any,
) -> None:
    """da (n,) -> dkeys (NB,U) += the slots' shares, part (shares U,): dq, for `sum_shares`; dw_a, the thread's own."""
    share = index(cuda.threadIdx.x // index(columns.columns))
    if share >= columns.shares:
        return
    rows, is_far = cuda.local.array(ROWS, idx.dtype), cuda.local.array(ROWS, tape.far.dtype)
    key, found = cuda.local.array(ROWS, dkeys.dtype), cuda.local.array(ROWS, dkeys.dtype)
    for turn in range(columns.turns):
        u = index(cuda.threadIdx.x - share * index(columns.columns) + turn * columns.threads)
        if u < columns.columns:
            total, r = da.dtype.type(0), share
            while r < n:
                for i in range(ROWS):
                    at = index(r + index(i * columns.shares))
                    rows[i] = idx[at if at < n else r] * cuda.gridDim.x + b
                    is_far[i], key[i] = tape.far[index(rows[i])], tape.keys[index(rows[i]), u]
                    found[i] = dkeys[index(rows[i]), u]
                for i in range(ROWS):
                    at = index(r + index(i * columns.shares))
                    if at < n:
                        dk = da[at]  # P.3*
                        if build.additive:
                            t, slope = unit(key[i], is_far[i], q[u], e[u])
                            dw_a[turn] += dk * t  # A.4*
                            dk *= slope * w_a[u]  # A.3*, A.4*
                        total += dk
                        dkeys[index(rows[i]), u] = found[i] + dk
                r = index(r + index(ROWS * columns.shares))
            part[index(share * index(columns.columns) + u)] = total


@cuda.jit(device=True)
def add_slot(
    build: Any,
    tile: Any,
    plan: Any,
    j: int,
    t: int,
    b: int,
    W_m: Any,
    keep: int,
    kept: Any,
    tape: Any,
    grads: Any,
    dk: Any,
    dm: Any,
    part: Any,
    dh: Any,
) -> None:
    """The gradient of slot j, written by step t and complete by now -> dh (LH,), on the slots' level, at t = 0 the
    lowest. All threads must call.

    dk (U,), part, and dm, the thread's units of a state, are scratch that no thread may be reading any more.
    """
    row, level = index(j * cuda.gridDim.x + b), plan.slot_level if t > 0 else 0
    cuda.syncthreads()
    for i in range(build.units):
        u = index(cuda.threadIdx.x + i * build.threads)
        if u < build.H:
            dm[i] = grads.dM[row, u]
    if plan.score_grad:
        for i in range(build.key_units):
            u = index(cuda.threadIdx.x + i * build.threads)
            if u < build.U:
                dk[u] = grads.dkeys[row, u]
        cuda.syncthreads()
        multiply(tile, dk, W_m, dk, keep, kept, part)  # A.1*, P.1*
        cuda.syncthreads()
    for i in range(build.units):
        u = index(cuda.threadIdx.x + i * build.threads)
        if u < build.H:
            if plan.score_grad:
                dm[i] += gathered(tile, part, u) * feature_slope(
                    build, tape.h[index(t * cuda.gridDim.x + b), u]
                )  # P.1*
            dh[index(level * build.H + u)] += dm[i]


@cuda.jit(device=True)
def carried_to(plan: Any, t: int, level: int) -> int:
    """The level on which a gradient of step t's h_, c_ goes on in the state of step t - 1; -1 if it is cut."""
    if t == 1:
        return level
    last = t - 1 + plan.segment_offset
    if plan.k_trunc and last == quotient(last, plan.k_trunc) * plan.k_trunc:
        return -1  # T.1*
    return level - 1 if level < plan.bounded else level  # T.2*
