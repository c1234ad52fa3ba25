"""The backward kernel: one block carries the gradients of one batch row back through the whole sequence.

The order of events is that of `sabcore.engine.plain.backward`. A row's slots are touched by its own block alone, the
slots of one read are distinct, and each element has one thread that adds to it: plain `+=`, the same bits every time.
Gradient levels (see `sabcore.engine.truncation`) come one after the other.
"""

from __future__ import annotations

from typing import Any

from numba import cuda, int32

from sabcore.engine.cuda.credit import add_slot, carried_to, credit_keys, credit_memories
from sabcore.engine.cuda.device_math import index
from sabcore.engine.cuda.lstm import fetch_gates, retreat
from sabcore.engine.cuda.plan import Build, backward_tiles, backward_vectors
from sabcore.engine.cuda.product import gathered, hold, multiply
from sabcore.engine.cuda.read import dot_slots, put_shares, sum_shares
from sabcore.engine.cuda.score import exp_query, feature_slope, score_slots
from sabcore.engine.cuda.slots import slot_of, visible
from sabcore.engine.cuda.sparsify import select, weigh, weigh_backward
from sabcore.engine.cuda.tile import WIDTH, columns_of


def make_backward(build: Build) -> Any:
    """The backward kernel of a build, not yet compiled."""
    H, U, UNITS, KEY_UNITS, THREADS = build.H, build.U, build.units, build.key_units, build.threads
    of_gates, of_query, of_key = backward_tiles(build)
    over_units, over_key = columns_of(H, THREADS), columns_of(U, THREADS)
    AT_DZ, AT_DS, AT_DQ, AT_Q, AT_E, AT_W_A, AT_PART, END = backward_vectors(build)
    HELD, GATES = max(1, of_gates.held * WIDTH), 4 * UNITS

    def backward_kernel(plan: Any, room: Any, weights: Any, tape: Any, grads: Any, scratch: Any) -> None:
        """The tape; grads: dh_loss, ds_loss, and dM and dkeys as zeros -> the rest of them, complete."""
        b, B, tid = cuda.blockIdx.x, cuda.gridDim.x, index(cuda.threadIdx.x)
        pool = cuda.shared.array(0, tape.h.dtype)
        dz, ds, dq, q, e = pool[AT_DZ:], pool[AT_DS:], pool[AT_DQ:], pool[AT_Q:], pool[AT_E:]
        w_a, part = pool[AT_W_A:], pool[AT_PART:]
        if build.rereads:
            numbers, idx, most = scratch.numbers[b], scratch.indices[b], plan.N
        else:
            numbers, most = pool[END:], plan.cap
            idx = cuda.shared.array(0, int32)[(END + 4 * plan.cap) * (tape.h.itemsize // 4) :]
        a, w, dw, da = numbers, numbers[most:], numbers[2 * most :], numbers[3 * most :]
        dh = pool[room.kept_at - 2 * plan.L * H :] if build.shared else scratch.levels[b]
        dc = dh[plan.L * H :]

        kept = pool[room.kept_at :]
        kept_query = kept[room.gates * (WIDTH * THREADS) :]
        kept_key = kept_query[room.query * (WIDTH * THREADS) :]
        held, none = cuda.local.array(HELD, tape.h.dtype), cuda.local.array(1, tape.h.dtype)
        hold(of_gates, weights.W_hh, held, room.gates, kept)
        if build.memory:
            hold(of_query, weights.W_q, none, room.query, kept_query)
            hold(of_key, weights.W_m, none, room.key, kept_key)

        # What a thread asks for at the beginning of a step, to use it when it comes to that.
        gates, asked, dw_a = (
            cuda.local.array(GATES, tape.h.dtype),
            cuda.local.array(KEY_UNITS, tape.h.dtype),
            cuda.local.array(KEY_UNITS, tape.h.dtype),
        )
        c_old, c, dm = (
            cuda.local.array(UNITS, tape.h.dtype),
            cuda.local.array(UNITS, tape.h.dtype),
            cuda.local.array(UNITS, tape.h.dtype),
        )
        dh_loss, ds_loss = cuda.local.array(UNITS, tape.h.dtype), cuda.local.array(UNITS, tape.h.dtype)
        slot, slot_score = int32(0), tape.h.dtype.type(0)
        for i in range(KEY_UNITS):
            dw_a[i] = 0
            u = index(tid + i * THREADS)
            if u < U:
                w_a[u] = weights.w_a[u]
        for i in range(UNITS):
            u = index(tid + i * THREADS)
            if u < H:
                for level in range(plan.L):
                    dh[index(level * H + u)], dc[index(level * H + u)] = 0, 0

        for t in range(plan.T, 0, -1):
            now, N, n, S = index((t - 1) * B + b), 0, 0, plan.eps
            fetch_gates(build, tape.gates, now, gates)
            for i in range(UNITS):
                u = index(tid + i * THREADS)
                if u < H:
                    c_old[i], c[i] = tape.c[now, u], tape.c[index(now + B), u]
                    dh_loss[i], ds_loss[i] = grads.dh_loss[now, u], grads.ds_loss[now, u]
            if build.memory:
                for i in range(KEY_UNITS):
                    u = index(tid + i * THREADS)
                    if u < U:
                        asked[i] = tape.q[now, u]
                if tid < plan.cap:
                    slot, slot_score = tape.slots[now, tid], tape.scores[now, tid]
                N, n, j = visible(plan, t), tape.counts[now], slot_of(plan, t)
                if j >= 0:
                    add_slot(
                        build, of_key, plan, j, t, b, weights.W_m, room.key, kept_key, tape, grads, dq, dm, part, dh
                    )
            for i in range(UNITS):
                u = index(tid + i * THREADS)
                if u < H:
                    dh[index(plan.loss_level * H + u)] += dh_loss[i]
            if n:
                for i in range(KEY_UNITS):
                    u = index(tid + i * THREADS)
                    if u < U:
                        q[u], e[u] = asked[i], exp_query(plan, asked[i])
                if not build.rereads or n <= plan.cap:
                    if tid < n:
                        idx[tid], a[tid] = slot, slot_score
                    i = index(tid + THREADS)
                    while i < n:
                        idx[i], a[i] = tape.slots[now, i], tape.scores[now, i]
                        i = index(i + THREADS)
                    cuda.syncthreads()
                else:
                    cuda.syncthreads()
                    score_slots(build, plan, tape, b, N, q, e, w_a, w, part)
                    n = select(plan, N, w, idx, a, idx[most:], dw)
                S = weigh(plan, N, n, a, w, part)
            for level in range(plan.L):
                if n:
                    for i in range(UNITS):
                        u = index(tid + i * THREADS)
                        if u < H:
                            ds[u] = dh[index(level * H + u)]
                            if level == plan.loss_level:
                                ds[u] += ds_loss[i]
                    cuda.syncthreads()
                    credit_memories(over_units, w, ds, idx, n, b, grads.dM)  # M.3*
                    dot_slots(build, plan, tape, b, ds, idx, n, dw, part)  # M.3*
                    weigh_backward(plan, N, n, a, w, S, dw, da, part)  # M.2*
                    credit_keys(over_key, build, tape, idx, n, b, da, q, e, w_a, grads.dkeys, dw_a, part)  # M.1*
                    cuda.syncthreads()
                    for i in range(KEY_UNITS):
                        u = index(tid + i * THREADS)
                        if u < U:
                            dq[u] = sum_shares(over_key, part, u)
                            grads.dq[now, u] = dq[u] if level == 0 else grads.dq[now, u] + dq[u]
                    cuda.syncthreads()
                    if plan.score_grad:
                        multiply(of_query, dq, weights.W_q, none, room.query, kept_query, part)  # A.2*, P.2*
                        cuda.syncthreads()
                for i in range(UNITS):
                    u = index(tid + i * THREADS)
                    if u < H:
                        own = index(level * H + u)
                        dhhat = dh[own]
                        if n and plan.score_grad:
                            dhhat += gathered(of_query, part, u) * feature_slope(build, tape.hhat[now, u])  # P.2*
                        dc[own] = retreat(build, gates, i, u, c_old[i], c[i], dhhat, dc[own], dz)
                        for gate in range(4):
                            g = index(u + gate * H)
                            grads.dz[now, g] = dz[g] if level == 0 else grads.dz[now, g] + dz[g]
                cuda.syncthreads()
                target = carried_to(plan, t, level)
                if target >= 0:
                    multiply(of_gates, dz, weights.W_hh, held, room.gates, kept, part)  # L.1*
                    cuda.syncthreads()
                for i in range(UNITS):
                    u = index(tid + i * THREADS)
                    if u < H:
                        own = index(level * H + u)
                        dc_back, dh[own], dc[own] = dc[own], 0, 0
                        if target >= 0:
                            to = index(target * H + u)
                            dh[to], dc[to] = gathered(of_gates, part, u), dc_back
            if build.memory and n == 0:
                for i in range(KEY_UNITS):
                    u = index(tid + i * THREADS)
                    if u < U:
                        grads.dq[now, u] = 0

        if build.memory:
            j = slot_of(plan, 0)
            if j >= 0:
                add_slot(build, of_key, plan, j, 0, b, weights.W_m, room.key, kept_key, tape, grads, dq, dm, part, dh)
            cuda.syncthreads()
            put_shares(over_key, dw_a, part)
            cuda.syncthreads()
            for i in range(KEY_UNITS):
                u = index(tid + i * THREADS)
                if u < U:
                    grads.dw_a[b, u] = sum_shares(over_key, part, u)
        for i in range(UNITS):
            u = index(tid + i * THREADS)
            if u < H:
                dh0, dc0 = dh[u], dc[u]
                for level in range(1, plan.L):
                    dh0 += dh[index(level * H + u)]
                    dc0 += dc[index(level * H + u)]
                grads.dh0[b, u], grads.dc0[b, u] = dh0, dc0

    return backward_kernel
