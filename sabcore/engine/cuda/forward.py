"""The forward kernel: one block carries one batch row through the whole sequence.

Registers and shared memory hold what is needed within a step, and weights; what outlives a step goes to the tape, in
global memory. A step waits at a barrier only where one thread needs what another has found.
"""

from __future__ import annotations

from typing import Any

from numba import cuda, int32

from sabcore.engine.cuda.device_math import index
from sabcore.engine.cuda.lstm import advance, fetch_gates
from sabcore.engine.cuda.plan import Build, forward_tiles, forward_vectors
from sabcore.engine.cuda.product import gathered, hold, multiply
from sabcore.engine.cuda.read import read_slots, sum_shares
from sabcore.engine.cuda.score import exp_query, feature, key_is_far, score_slots, write_key
from sabcore.engine.cuda.slots import slot_of, visible
from sabcore.engine.cuda.sparsify import select, weigh
from sabcore.engine.cuda.tile import WIDTH, columns_of


def make_forward(build: Build) -> Any:
    """The forward kernel of a build, not yet compiled."""
    H, U, UNITS, KEY_UNITS, THREADS = build.H, build.U, build.units, build.key_units, build.threads
    of_gates, of_query, of_key = forward_tiles(build)
    over_units = columns_of(H, THREADS)
    AT_H, AT_M, AT_SEEN, AT_Q, AT_E, AT_W_A, AT_PART, AT_KEY_PART, END = forward_vectors(build)
    HELD, GATES = max(1, of_gates.held * WIDTH), 4 * UNITS

    def forward_kernel(plan: Any, room: Any, weights: Any, tape: Any, scratch: Any) -> None:
        """tape: gates with W_ih x + b, h and c of step 0 -> the rest of it, complete."""
        b, B, tid = cuda.blockIdx.x, cuda.gridDim.x, index(cuda.threadIdx.x)
        pool = cuda.shared.array(0, tape.h.dtype)
        h, seen, q, e, w_a = pool[AT_H:], pool[AT_SEEN:], pool[AT_Q:], pool[AT_E:], pool[AT_W_A:]
        m = h if build.additive else pool[AT_M:]  # feature(h)
        part, key_part = pool[AT_PART:], pool[AT_KEY_PART:]
        if build.shared:
            numbers = pool[END:]
            indices = cuda.shared.array(0, int32)[(END + 2 * (plan.N + plan.most)) * (tape.h.itemsize // 4) :]
        else:
            numbers, indices = scratch.numbers[b], scratch.indices[b]
        scores, some_a, a, w = numbers, numbers[plan.N :], numbers[2 * plan.N :], numbers[2 * plan.N + plan.most :]
        some_idx, idx = indices, indices[plan.N :]

        kept = pool[room.kept_at :]
        kept_query = kept[room.gates * (WIDTH * THREADS) :]
        kept_key = kept_query[room.query * (WIDTH * THREADS) :]
        held, none = cuda.local.array(HELD, tape.h.dtype), cuda.local.array(1, tape.h.dtype)
        hold(of_gates, weights.W_hh, held, room.gates, kept)
        if build.memory:
            hold(of_query, weights.W_q, none, room.query, kept_query)
            hold(of_key, weights.W_m, none, room.key, kept_key)

        inputs, k = cuda.local.array(GATES, tape.h.dtype), cuda.local.array(KEY_UNITS, tape.h.dtype)
        c, hhat = cuda.local.array(UNITS, tape.h.dtype), cuda.local.array(UNITS, tape.h.dtype)
        for i in range(UNITS):
            u = index(tid + i * THREADS)
            if u < H:
                h[u], c[i] = tape.h[b, u], tape.c[b, u]
                if build.memory and not build.additive:
                    m[u] = feature(build, h[u])
        for i in range(KEY_UNITS):
            u = index(tid + i * THREADS)
            if u < U:
                w_a[u] = weights.w_a[u]

        for t in range(1, plan.T + 1):
            now, N, j, n = index((t - 1) * B + b), 0, -1, 0
            if build.memory:
                N, j = visible(plan, t), slot_of(plan, t - 1)
            fetch_gates(build, tape.gates, now, inputs)
            cuda.syncthreads()
            # Every other warp begins with the key, so that some wait for global memory while others use the shared one.
            if j >= 0 and tid & 32:
                multiply(of_key, m, weights.W_m, none, room.key, kept_key, key_part)  # A.1, P.1
            multiply(of_gates, h, weights.W_hh, held, room.gates, kept, part)  # L.1
            if j >= 0 and not tid & 32:
                multiply(of_key, m, weights.W_m, none, room.key, kept_key, key_part)  # A.1, P.1
            cuda.syncthreads()
            advance(build, of_gates, part, inputs, tape.gates, now, c, hhat)
            if N > 0:
                for i in range(UNITS):
                    u = index(tid + i * THREADS)
                    if u < H:
                        seen[u] = feature(build, hhat[i])
                beyond = 0
                if j >= 0 and key_is_far(build, plan, of_key, key_part, k):
                    beyond = 1
                beyond = cuda.syncthreads_or(beyond)
                if j >= 0:
                    write_key(build, k, beyond, tape, index(j * B + b))
                multiply(of_query, seen, weights.W_q, none, room.query, kept_query, part)  # A.2, P.2
                cuda.syncthreads()
                for i in range(KEY_UNITS):
                    u = index(tid + i * THREADS)
                    if u < U:
                        q[u] = gathered(of_query, part, u)
                        e[u], tape.q[now, u] = exp_query(plan, q[u]), q[u]
                cuda.syncthreads()
                score_slots(build, plan, tape, b, N, q, e, w_a, scores, part)  # M.1
                n = select(plan, N, scores, idx, a, some_idx, some_a)
                weigh(plan, N, n, a, w, part)  # M.2
                read_slots(over_units, plan, tape, b, w, idx, n, part)  # M.3
                if n <= plan.cap:
                    i = tid
                    while i < n:
                        tape.slots[now, i], tape.scores[now, i] = idx[i], a[i]
                        i = index(i + THREADS)
                cuda.syncthreads()
            if tid == 0:
                tape.counts[now] = n
            for i in range(UNITS):
                u = index(tid + i * THREADS)
                if u < H:
                    s = tape.h.dtype.type(0)
                    if n:
                        s = sum_shares(over_units, part, u)
                    h[u] = hhat[i] + s
                    tape.hhat[now, u], tape.c[index(now + B), u], tape.h[index(now + B), u] = hhat[i], c[i], h[u]
                    if build.memory:
                        tape.s[now, u] = s
                        if not build.additive:
                            m[u] = feature(build, h[u])

    return forward_kernel
