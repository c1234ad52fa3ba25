"""Where the gradient of a read goes: to the slots it read, to the query, and from a slot to the step that wrote it."""

from __future__ import annotations

from typing import Any

from numba import cuda

from sabcore.engine.cuda.device_math import index, quotient
from sabcore.engine.cuda.product import gather_shares, row_product
from sabcore.engine.cuda.score import feature_slope, unit


@cuda.jit(device=True)
def add_slot(
    plan: Any,
    over_units: Any,
    t: int,
    b: int,
    h_all: Any,
    W_m: Any,
    dM: Any,
    dkeys: Any,
    dk: Any,
    back: Any,
    part: Any,
    dh: Any,
    level: int,
) -> None:
    """The gradient of the slot that step t wrote, complete by now, to `level` of dh (LH,). dk (U,), back: scratch."""
    since = t - plan.first_slot
    if not plan.memory or since < 0:
        return
    j = quotient(since, plan.k_att)
    if since != j * plan.k_att or j >= plan.N:
        return
    if plan.score_grad:
        u = index(cuda.threadIdx.x)
        while u < plan.U:
            dk[u] = dkeys[index(j * cuda.gridDim.x + b), u]
            u = index(u + cuda.blockDim.x)
        cuda.syncthreads()
        row_product(over_units, dk, W_m, plan.U, plan.H, back, part)  # A.1*, P.1*
    u = index(cuda.threadIdx.x)
    while u < plan.H:
        dm = dM[index(j * cuda.gridDim.x + b), u]
        if plan.score_grad:
            dm += back[u] * feature_slope(plan, h_all[index(t * cuda.gridDim.x + b), u])  # P.1*
        dh[index(level * plan.H + u)] += dm

        u = index(u + cuda.blockDim.x)


@cuda.jit(device=True)
def query_gradient(
    plan: Any,
    place: Any,
    keys: Any,
    far: Any,
    b: int,
    idx: Any,
    n: int,
    da: Any,
    q: Any,
    e: Any,
    w_a: Any,
    dq: Any,
    part: Any,
) -> None:
    """da (n,) of the slots idx (n,) -> dq (U,). All threads must call, and leave in step."""
    u = place.column
    while u < plan.U:
        total, r = dq.dtype.type(0), place.share
        while r < n:
            if plan.additive:
                row = index(idx[r] * cuda.gridDim.x + b)
                _, slope = unit(keys[row, u], far[row], q[u], e[u])
                total += da[r] * slope * w_a[u]  # A.3*, A.4*
            else:
                total += da[r]  # P.3*
            r = index(r + place.shares)
        if place.shares == 1:
            dq[u] = total
        else:
            part[index(place.share * plan.U + u)] = total
        u = index(u + cuda.blockDim.x)
    gather_shares(place, part, dq, plan.U)


@cuda.jit(device=True)
def share_out(
    plan: Any,
    over_units: Any,
    over_key: Any,
    keys: Any,
    far: Any,
    b: int,
    idx: Any,
    n: int,
    w: Any,
    ds: Any,
    da: Any,
    q: Any,
    e: Any,
    w_a: Any,
    dM: Any,
    dkeys: Any,
    dw_a: Any,
    back: Any,
    part: Any,
) -> None:
    """What a read sends to its slots, w ds to dM and da to dkeys, and to w_a: ds (H,), da (n,), over all levels.

    Threads that share a column take different slots, and add up what is for w_a. All threads must call.
    """
    u = over_units.column
    while u < plan.H:
        i = over_units.share
        while i < n:
            dM[index(idx[i] * cuda.gridDim.x + b), u] += w[i] * ds[u]  # M.3*
            i = index(i + over_units.shares)
        u = index(u + cuda.blockDim.x)
    u = over_key.column
    while u < plan.U:
        total, i = dw_a.dtype.type(0), over_key.share
        while i < n:
            row = index(idx[i] * cuda.gridDim.x + b)
            if plan.additive:
                t, slope = unit(keys[row, u], far[row], q[u], e[u])
                dkeys[row, u] += da[i] * slope * w_a[u]  # A.3*, A.4*
                total += da[i] * t  # A.4*
            else:
                dkeys[row, u] += da[i]  # P.3*
            i = index(i + over_key.shares)
        if over_key.shares == 1:
            back[u] = total
        else:
            part[index(over_key.share * plan.U + u)] = total
        u = index(u + cuda.blockDim.x)
    gather_shares(over_key, part, back, plan.U)
    u = index(cuda.threadIdx.x)
    while u < plan.U:
        dw_a[u] += back[u]
        u = index(u + cuda.blockDim.x)
