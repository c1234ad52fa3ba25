"""The backward kernel: one block carries the gradients of one batch row back through the whole sequence.

The order of events is that of `sabcore.engine.plain.backward`. A row's slots are touched by its own block alone, the
slots of one read are distinct, and each element has one thread that adds to it: plain `+=`, the same bits every time.
Gradient levels (see `sabcore.engine.truncation`) come one after the other.
"""

from __future__ import annotations

from typing import Any

from numba import cuda, int32

from sabcore.engine.cuda.credit import add_slot, query_gradient, share_out
from sabcore.engine.cuda.device_math import index, quotient
from sabcore.engine.cuda.lstm import retreat
from sabcore.engine.cuda.plan import FLOAT_LISTS
from sabcore.engine.cuda.product import place_over, row_dots, row_product
from sabcore.engine.cuda.score import exp_query, feature_slope, score_slots
from sabcore.engine.cuda.sparsify import select, weigh, weigh_backward


def backward_kernel(
    plan: Any,
    W_hh: Any,
    W_m: Any,
    W_q: Any,
    w_a: Any,
    gates: Any,
    h_all: Any,
    c_all: Any,
    hhat_all: Any,
    q_all: Any,
    keys: Any,
    far: Any,
    slots: Any,
    slot_scores: Any,
    counts: Any,
    dh_loss: Any,
    ds_loss: Any,
    dz_all: Any,
    dq_all: Any,
    dM: Any,
    dkeys: Any,
    dw_a: Any,
    dh_levels: Any,
    dc_levels: Any,
    dh0: Any,
    dc0: Any,
    some_numbers: Any,
    some_indices: Any,
) -> None:
    """The tape, dh_loss ds_loss (TB,H) -> dz_all (TB,4H), dq_all (TB,U), dkeys (NB,U), dw_a (B,U), dh0 dc0 (B,H).

    The tape's arrays are matrices as the forward kernel has them. W_hh (4HH,), W_m W_q (UH,), row by row; w_a (U,).
    dM (NB,H), dkeys, dh_levels and dc_levels (B,LH), dh0 and dc0 come in as zeros. some_numbers some_indices (B,.):
    room for lists of N slots, where a step read more than the tape kept.
    """
    b, B, tid, threads = cuda.blockIdx.x, cuda.gridDim.x, cuda.threadIdx.x, cuda.blockDim.x
    H, U, cap = plan.H, plan.U, plan.cap
    over_units, over_key = place_over(H), place_over(U)
    pool = cuda.shared.array(0, gates.dtype)
    dz, ds, ds_sum, back = pool, pool[4 * H :], pool[5 * H :], pool[6 * H :]
    q = pool[7 * H :]
    e, dq, dq_sum, weight, dweight, part = q[U:], q[2 * U :], q[3 * U :], q[4 * U :], q[5 * U :], q[6 * U :]
    few_numbers = part[threads:]
    few_indices = cuda.shared.array(0, int32)[(7 * H + 6 * U + threads + FLOAT_LISTS * cap) * (gates.itemsize // 4) :]
    dh, dc = dh_levels[b], dc_levels[b]

    u = index(tid)
    while u < U:
        weight[u], dweight[u] = w_a[u], 0
        u = index(u + threads)
    for t in range(plan.T, 0, -1):
        now = index((t - 1) * B + b)
        cuda.syncthreads()
        add_slot(plan, over_units, t, b, h_all, W_m, dM, dkeys, dq, back, part, dh, plan.slot_level)
        u = index(tid)
        while u < H:
            dh[index(plan.loss_level * H + u)] += dh_loss[now, u]
            ds_sum[u] = 0
            u = index(u + threads)
        N, n, S = _visible(plan, t), counts[now], plan.eps
        # Lists of the slots read: of `most` entries each, in shared memory unless there are too many.
        most = cap if n <= cap else N
        numbers = few_numbers if n <= cap else some_numbers[b]
        idx = few_indices if n <= cap else some_indices[b]
        a, w, dw = numbers, numbers[most:], numbers[2 * most :]
        da, da_sum = numbers[3 * most :], numbers[4 * most :]
        if n:
            u = index(tid)
            while u < U:
                q[u] = q_all[now, u]
                dq_sum[u] = 0
                u = index(u + threads)
            exp_query(plan, q, e)
            if n <= cap:
                i = index(tid)
                while i < n:
                    idx[i], a[i] = slots[now, i], slot_scores[now, i]
                    i = index(i + threads)
                cuda.syncthreads()
            else:
                cuda.syncthreads()
                score_slots(plan, keys, far, b, N, q, e, weight, w, part)
                n = select(plan, N, w, idx, a, idx[N:], numbers[2 * N :])
            S = weigh(plan, N, n, a, w, part)
            i = index(tid)
            while i < n:
                da_sum[i] = 0
                i = index(i + threads)
        for level in range(plan.L):
            u = index(tid)
            while u < H:
                ds[u] = dh[index(level * H + u)]
                if n and level == plan.loss_level:
                    ds[u] += ds_loss[now, u]
                ds_sum[u] += ds[u]
                u = index(u + threads)
            cuda.syncthreads()
            if n:
                row_dots(plan, h_all, b, ds, idx, n, dw, part)  # M.3*
                weigh_backward(plan, N, n, a, w, S, dw, da, part)  # M.2*
                query_gradient(plan, over_key, keys, far, b, idx, n, da, q, e, weight, dq, part)  # M.1*
                i = index(tid)
                while i < n:
                    da_sum[i] += da[i]
                    i = index(i + threads)
                u = index(tid)
                while u < U:
                    dq_sum[u] += dq[u]
                    u = index(u + threads)
                if plan.score_grad:
                    row_product(over_units, dq, W_q, U, H, back, part)  # A.2*, P.2*
            u = index(tid)
            while u < H:
                dhhat = dh[index(level * H + u)]
                if n and plan.score_grad:
                    dhhat += back[u] * feature_slope(plan, hhat_all[now, u])  # P.2*
                dc[index(level * H + u)] = retreat(plan, gates, c_all, now, u, dhhat, dc[index(level * H + u)], dz)
                u = index(u + threads)
            cuda.syncthreads()
            g = index(tid)
            while g < 4 * H:
                if level == 0:
                    dz_all[now, g] = dz[g]
                else:
                    dz_all[now, g] += dz[g]
                g = index(g + threads)
            target = _carried_to(plan, t, level)
            if target >= 0:
                row_product(over_units, dz, W_hh, 4 * H, H, back, part)  # L.1*
            u = index(tid)
            while u < H:
                dc_back = dc[index(level * H + u)]
                dh[index(level * H + u)], dc[index(level * H + u)] = 0, 0
                if target >= 0 and t > 1:
                    dh[index(target * H + u)], dc[index(target * H + u)] = back[u], dc_back
                elif t == 1:
                    dh0[b, u] += back[u]
                    dc0[b, u] += dc_back
                u = index(u + threads)
            cuda.syncthreads()
        if n:
            share_out(
                plan,
                over_units,
                over_key,
                keys,
                far,
                b,
                idx,
                n,
                w,
                ds_sum,
                da_sum,
                q,
                e,
                weight,
                dM,
                dkeys,
                dweight,
                dq,
                part,
            )
            u = index(tid)
            while u < U:
                dq_all[now, u] = dq_sum[u]
                u = index(u + threads)
        else:
            u = index(tid)
            while u < U:
                dq_all[now, u] = 0
                u = index(u + threads)
    cuda.syncthreads()
    if plan.memory:
        add_slot(plan, over_units, 0, b, h_all, W_m, dM, dkeys, dq, back, part, dh0[b], 0)
    u = index(tid)
    while u < U:
        dw_a[b, u] = dweight[u]

        u = index(u + threads)


@cuda.jit(device=True)
def _visible(plan: Any, t: int) -> int:
    """N_t."""
    return quotient(t - 1, plan.k_att) + (1 if plan.first_slot == 0 else 0)


@cuda.jit(device=True)
def _carried_to(plan: Any, t: int, level: int) -> int:
    """The level on which a gradient of step t's h_, c_ goes on in the state of step t - 1; -1 if it is cut."""
    if t == 1:
        return level
    last = t - 1 + plan.segment_offset
    if plan.k_trunc and last == quotient(last, plan.k_trunc) * plan.k_trunc:
        return -1  # T.1*
    return level - 1 if level < plan.bounded else level  # T.2*
