"""The forward kernel: one block carries one batch row through the whole sequence.

Shared memory holds what is needed within a step; what outlives it goes to the tape, in global memory.
"""

from __future__ import annotations

from typing import Any

from numba import cuda, int32

from sabcore.engine.cuda.device_math import index, quotient
from sabcore.engine.cuda.lstm import advance
from sabcore.engine.cuda.plan import FLOAT_LISTS
from sabcore.engine.cuda.product import place_over, row_product, weighted_rows
from sabcore.engine.cuda.score import exp_query, feature, score_slots, write_key
from sabcore.engine.cuda.sparsify import select, weigh


def forward_kernel(
    plan: Any,
    W_hh_T: Any,
    W_m_T: Any,
    W_q_T: Any,
    w_a: Any,
    gates: Any,
    h_all: Any,
    c_all: Any,
    hhat_all: Any,
    s_all: Any,
    q_all: Any,
    keys: Any,
    far: Any,
    slots: Any,
    slot_scores: Any,
    counts: Any,
    some_numbers: Any,
    some_indices: Any,
) -> None:
    """gates (TB,4H) with W_ih x + b, h_all c_all ((T+1)B,H) with step 0 -> these and the rest of the tape, complete.

    What the tape holds by step and batch row comes as a matrix, a row for each: step t of batch row b is `now` =
    (t - 1) B + b, or B further on in h_all and c_all. hhat_all s_all (TB,H), q_all (TB,U), keys (NB,U), far (NB,),
    slots slot_scores (TB,cap), counts (TB,). W_hh_T (H4H,), W_m_T W_q_T (HU,), row by row; w_a (U,). some_numbers
    some_indices (B,.): lists of N slots, if not shared.
    """
    b, B, tid, threads = cuda.blockIdx.x, cuda.gridDim.x, cuda.threadIdx.x, cuda.blockDim.x
    H, U, room = plan.H, plan.U, plan.N
    over_gates, over_units, over_key = place_over(4 * H), place_over(H), place_over(U)
    pool = cuda.shared.array(0, gates.dtype)
    z, h, c, hhat = pool, pool[4 * H :], pool[5 * H :], pool[6 * H :]
    q = pool[7 * H :]
    e, k, weight, part = q[U:], q[2 * U :], q[3 * U :], q[4 * U :]
    numbers, indices = some_numbers[b], some_indices[b]
    if plan.lists_shared:
        numbers = part[threads:]
        indices = cuda.shared.array(0, int32)[(7 * H + 4 * U + threads + FLOAT_LISTS * room) * (gates.itemsize // 4) :]
    scores, a, w, some_a = numbers, numbers[room:], numbers[2 * room :], numbers[3 * room :]
    idx, some_idx = indices, indices[room:]

    u = index(tid)
    while u < U:
        weight[u] = w_a[u]
        u = index(u + threads)
    u = index(tid)
    while u < H:
        h[u], c[u] = h_all[b, u], c_all[b, u]
        u = index(u + threads)
    N = index(0)
    if plan.memory and plan.first_slot == 0:
        _append(plan, over_key, h, W_m_T, z, k, keys, far, b, part)
        N = index(1)
    for t in range(1, plan.T + 1):
        now = index((t - 1) * B + b)
        cuda.syncthreads()
        row_product(over_gates, h, W_hh_T, H, 4 * H, z, part)  # L.1
        advance(plan, gates, now, z, c, hhat)
        cuda.syncthreads()
        n = index(0)
        if N:
            u = index(tid)
            while u < H:
                z[u] = feature(plan, hhat[u])
                u = index(u + threads)
            cuda.syncthreads()
            row_product(over_key, z, W_q_T, H, U, q, part)  # A.2, P.2
            exp_query(plan, q, e)
            cuda.syncthreads()
            score_slots(plan, keys, far, b, N, q, e, weight, scores, part)  # M.1
            n = index(select(plan, N, scores, idx, a, some_idx, some_a))
            weigh(plan, N, n, a, w, part)  # M.2
            weighted_rows(plan, over_units, h_all, b, w, idx, n, h, part)  # M.3
            u = index(tid)
            while u < U:
                q_all[now, u] = q[u]
                u = index(u + threads)
            if n <= plan.cap:
                i = index(tid)
                while i < n:
                    slots[now, i], slot_scores[now, i] = idx[i], a[i]
                    i = index(i + threads)
        if tid == 0:
            counts[now] = n
        u = index(tid)
        while u < H:
            s = h[u] if n else type(h[u])(0)
            h[u] = hhat[u] + s
            hhat_all[now, u], c_all[index(now + B), u], h_all[index(now + B), u] = hhat[u], c[u], h[u]
            if plan.memory:
                s_all[now, u] = s
            u = index(u + threads)
        if plan.memory and t < plan.T and t == quotient(t, plan.k_att) * plan.k_att:
            _append(plan, over_key, h, W_m_T, z, k, keys, far, N * B + b, part)
            N = index(N + 1)


@cuda.jit(device=True)
def _append(
    plan: Any,
    over_key: Any,
    m: Any,
    W_m_T: Any,
    seen: Any,
    k: Any,
    keys: Any,
    far: Any,
    row: int,
    part: Any,
) -> None:
    """Write the key of a slot to `row`, its memory m (H,). seen (H,), k (U,) are scratch. All threads must call."""
    u = index(cuda.threadIdx.x)
    while u < plan.H:
        seen[u] = feature(plan, m[u])
        u = index(u + cuda.blockDim.x)
    cuda.syncthreads()
    row_product(over_key, seen, W_m_T, plan.H, plan.U, k, part)  # A.1, P.1
    write_key(plan, k, keys, far, row)
