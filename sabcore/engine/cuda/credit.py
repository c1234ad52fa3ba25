"""Where gradients go: from a read to its slots and its query, from a slot to the state that it is, from a step to the
one before. `near` and `own` are the backward kernel's."""

from __future__ import annotations

from typing import Any

from numba import cuda

from sabcore.engine.cuda.device_math import index, quotient
from sabcore.engine.cuda.product import gathered, multiply
from sabcore.engine.cuda.read import ROWS, dot_slots
from sabcore.engine.cuda.score import exp_query, feature_slope, score_slots, unit
from sabcore.engine.cuda.sparsify import select, weigh_backward


@cuda.jit(device=True)
def list_slots(build: Any, plan: Any, tape: Any, n: int, N: int, now: int, near: Any, own: Any) -> int:
    """The n slots that the step read of N, and the query; returns n. Leaves all threads in step."""
    tid = index(cuda.threadIdx.x)
    for i in range(build.key_units):
        u = index(tid + i * build.threads)
        if u < build.U:
            near.q[u], near.e[u] = own.q[i], exp_query(plan, own.q[i])
    if not build.rereads or n <= plan.cap:
        if tid < n:
            near.idx[tid], near.a[tid] = own.slot[0], own.score[0]
        i = index(tid + build.threads)
        while i < n:
            near.idx[i], near.a[i] = tape.slots[now, i], tape.scores[now, i]
            i = index(i + build.threads)
        cuda.syncthreads()
        return n
    cuda.syncthreads()
    score_slots(build, plan, tape, cuda.blockIdx.x, N, near.q, near.e, near.w_a, near.w, near.part)  # M.1
    return select(plan, N, near.w, near.idx, near.a, near.some_idx, near.dw)


@cuda.jit(device=True)
def credit_read(
    build: Any,
    tiles: Any,
    plan: Any,
    tape: Any,
    grads: Any,
    N: int,
    n: int,
    S: Any,
    level: int,
    now: int,
    near: Any,
    own: Any,
) -> None:
    """dh of a level -> the slots' gradients and dq. Leaves all threads in step."""
    b = cuda.blockIdx.x
    for i in range(build.units):
        u = index(cuda.threadIdx.x + i * build.threads)
        if u < build.H:
            near.ds[u] = near.dh[index(level * build.H + u)]
            if level == plan.loss_level:
                near.ds[u] += own.ds_loss[i]
    cuda.syncthreads()
    _credit_memories(tiles.units, near.w, near.ds, near.idx, n, b, grads.dM)  # M.3*
    dot_slots(build, plan, tape, b, near.ds, near.idx, n, near.dw, near.part)  # M.3*
    weigh_backward(plan, N, n, near.a, near.w, S, near.dw, near.da, near.part)  # M.2*
    _credit_keys(tiles.key_units, build, tape, n, b, grads.dkeys, near, own.dw_a)  # M.1*
    cuda.syncthreads()
    for i in range(build.key_units):
        u = index(cuda.threadIdx.x + i * build.threads)
        if u < build.U:
            dq = gathered(tiles.key_units, near.part, u)
            near.dq[u] = dq
            grads.dq[now, u] = dq if level == 0 else grads.dq[now, u] + dq
    cuda.syncthreads()


@cuda.jit(device=True)
def _credit_memories(columns: Any, w: Any, ds: Any, idx: Any, n: int, b: int, dM: Any) -> None:
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
def _credit_keys(columns: Any, build: Any, tape: Any, n: int, b: int, dkeys: Any, near: Any, dw_a: Any) -> None:
    """near, with da (n,) of the slots idx -> dkeys (NB,U) += their shares; part (shares U,): dq, for `gathered`; and
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
def add_slot(
    build: Any,
    tiles: Any,
    plan: Any,
    room: Any,
    weights: Any,
    tape: Any,
    grads: Any,
    j: int,
    t: int,
    level: int,
    near: Any,
    own: Any,
) -> None:
    """The gradient of slot j, written by step t and complete by now, to a level of dh.

    No barrier is needed first: the step before ended with some.
    """
    b = cuda.blockIdx.x
    row = index(j * cuda.gridDim.x + b)
    for i in range(build.units):
        u = index(cuda.threadIdx.x + i * build.threads)
        if u < build.H:
            own.dm[i] = grads.dM[row, u]
    if plan.score_grad:
        for i in range(build.key_units):
            u = index(cuda.threadIdx.x + i * build.threads)
            if u < build.U:
                near.dq[u] = grads.dkeys[row, u]
        cuda.syncthreads()
        multiply(tiles.key, near.dq, weights.W_m, own.none, room.key, near.W_m, near.part)  # A.1*, P.1*
        cuda.syncthreads()
    for i in range(build.units):
        u = index(cuda.threadIdx.x + i * build.threads)
        if u < build.H:
            if plan.score_grad:
                slope = feature_slope(build, tape.h[index(t * cuda.gridDim.x + b), u])
                own.dm[i] += gathered(tiles.key, near.part, u) * slope  # P.1*
            near.dh[index(level * build.H + u)] += own.dm[i]


@cuda.jit(device=True)
def carried_to(plan: Any, t: int, level: int) -> int:
    """The level on which a gradient of step t's h_, c_ goes on in the state of step t - 1; -1 if it is cut."""
    if t == 1:
        return level
    last = t - 1 + plan.segment_offset
    if plan.k_trunc and last == quotient(last, plan.k_trunc) * plan.k_trunc:
        return -1  # T.1*
    return level - 1 if level < plan.bounded else level  # T.2*
