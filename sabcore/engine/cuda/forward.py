"""The forward kernel: one block carries one batch row through the whole sequence.

Registers and shared memory hold what is needed within a step, and weights; what outlives a step goes to the tape, in
global memory. A step waits at a barrier only where one thread needs what another has found.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from numba import cuda, int32

from sabcore.engine.cuda.device_math import index
from sabcore.engine.cuda.lstm import advance, fetch_gates
from sabcore.engine.cuda.plan import Build, forward_tiles, forward_vectors
from sabcore.engine.cuda.product import gathered, hold_weights, multiply
from sabcore.engine.cuda.read import read_slots
from sabcore.engine.cuda.score import exp_query, feature, key_is_far, score_slots, write_key
from sabcore.engine.cuda.slots import slot_of, visible
from sabcore.engine.cuda.sparsify import select, weigh
from sabcore.engine.cuda.tile import WIDTH


class Near(NamedTuple):
    """A block's shared memory: h, feature(h) and feature(hhat) (H,), q, e and w_a (U,), partial sums of products; lists
    of slots (in global memory if there are too many); weights."""

    h: Any
    m: Any
    seen: Any
    q: Any
    e: Any
    w_a: Any
    part: Any
    key_part: Any
    scores: Any
    a: Any
    w: Any
    idx: Any
    some_a: Any
    some_idx: Any
    W_hh: Any
    W_q: Any
    W_m: Any


class Own(NamedTuple):
    """A thread's registers: weights of the gates (and none of the others); of its units, the inputs' share of the
    gates, c, hhat and a key."""

    W_hh: Any
    none: Any
    gates: Any
    c: Any
    hhat: Any
    k: Any


def make_forward(build: Build) -> Any:
    """The forward kernel of a build, not yet compiled."""
    tiles, UNITS, KEY_UNITS = forward_tiles(build), build.units, build.key_units
    AT_H, AT_M, AT_SEEN, AT_Q, AT_E, AT_W_A, AT_PART, AT_KEY_PART, END = forward_vectors(build)
    HELD, GATES, ROW = max(1, tiles.gates.held * WIDTH), 4 * UNITS, WIDTH * build.threads

    def forward_kernel(plan: Any, room: Any, weights: Any, tape: Any, scratch: Any) -> None:
        """tape: gates with W_ih x + b, h and c of step 0 -> the rest of it, complete."""
        b, B, dtype = cuda.blockIdx.x, cuda.gridDim.x, tape.h.dtype
        pool = cuda.shared.array(0, dtype)
        if build.shared:
            numbers = pool[END:]
            indices = cuda.shared.array(0, int32)[(END + 2 * (plan.N + plan.most)) * (tape.h.itemsize // 4) :]
        else:
            numbers, indices = scratch.numbers[b], scratch.indices[b]
        near = Near(
            pool[AT_H:],
            pool[AT_H:] if build.additive else pool[AT_M:],
            pool[AT_SEEN:],
            pool[AT_Q:],
            pool[AT_E:],
            pool[AT_W_A:],
            pool[AT_PART:],
            pool[AT_KEY_PART:],
            numbers,
            numbers[2 * plan.N :],
            numbers[2 * plan.N + plan.most :],
            indices[plan.N :],
            numbers[plan.N :],
            indices,
            pool[room.kept_at :],
            pool[room.kept_at + room.gates * ROW :],
            pool[room.kept_at + (room.gates + room.query) * ROW :],
        )
        own = Own(
            cuda.local.array(HELD, dtype),
            cuda.local.array(1, dtype),
            cuda.local.array(GATES, dtype),
            cuda.local.array(UNITS, dtype),
            cuda.local.array(UNITS, dtype),
            cuda.local.array(KEY_UNITS, dtype),
        )
        _begin(build, tiles, room, weights, tape, b, near, own)
        for t in range(1, plan.T + 1):
            now, N, j, n = index((t - 1) * B + b), 0, -1, 0
            if build.memory:
                N, j = visible(plan, t), slot_of(plan, t - 1)
            fetch_gates(build, tape.gates, now, own.gates)
            cuda.syncthreads()
            _multiply_state(tiles, room, weights, near, own, j)
            cuda.syncthreads()
            advance(build, tiles.gates, near.part, own.gates, tape.gates, now, own.c, own.hhat)
            if N > 0:
                _ask(build, plan, tiles, room, weights, tape, j, now, near, own)
                n = _recall(build, plan, tiles, tape, N, now, near)
            if cuda.threadIdx.x == 0:
                tape.counts[now] = n
            _end_step(build, tiles, tape, n, now, near, own)

    return forward_kernel


@cuda.jit(device=True)
def _begin(build: Any, tiles: Any, room: Any, weights: Any, tape: Any, b: int, near: Any, own: Any) -> None:
    """Fetch the weights, and the state of step 0."""
    hold_weights(build, tiles, room, weights, near, own)
    for i in range(build.units):
        u = index(cuda.threadIdx.x + i * build.threads)
        if u < build.H:
            near.h[u], own.c[i] = tape.h[b, u], tape.c[b, u]
            if build.memory and not build.additive:
                near.m[u] = feature(build, near.h[u])


@cuda.jit(device=True)
def _multiply_state(tiles: Any, room: Any, weights: Any, near: Any, own: Any, j: int) -> None:
    """h_ -> W_hh h_ and, if the step before wrote slot j >= 0, its key; as partial sums.

    Every other warp begins with the key: some wait for global memory while others are busy with shared memory.
    """
    key_first = cuda.threadIdx.x & 32
    if j >= 0 and key_first:
        multiply(tiles.key, near.m, weights.W_m, own.none, room.key, near.W_m, near.key_part)  # A.1, P.1
    multiply(tiles.gates, near.h, weights.W_hh, own.W_hh, room.gates, near.W_hh, near.part)  # L.1
    if j >= 0 and not key_first:
        multiply(tiles.key, near.m, weights.W_m, own.none, room.key, near.W_m, near.key_part)  # A.1, P.1


@cuda.jit(device=True)
def _ask(
    build: Any, plan: Any, tiles: Any, room: Any, weights: Any, tape: Any, j: int, now: int, near: Any, own: Any
) -> None:
    """The key of slot j, if there is a new one, to the tape; hhat -> the query q, and e. Leaves all threads in step."""
    for i in range(build.units):
        u = index(cuda.threadIdx.x + i * build.threads)
        if u < build.H:
            near.seen[u] = feature(build, own.hhat[i])
    beyond = 0
    if j >= 0 and key_is_far(build, plan, tiles.key, near.key_part, own.k):
        beyond = 1
    beyond = cuda.syncthreads_or(beyond)
    if j >= 0:
        write_key(build, own.k, beyond, tape, index(j * cuda.gridDim.x + cuda.blockIdx.x))
    multiply(tiles.query, near.seen, weights.W_q, own.none, room.query, near.W_q, near.part)  # A.2, P.2
    cuda.syncthreads()
    for i in range(build.key_units):
        u = index(cuda.threadIdx.x + i * build.threads)
        if u < build.U:
            q = gathered(tiles.query, near.part, u)
            near.q[u], near.e[u], tape.q[now, u] = q, exp_query(plan, q), q
    cuda.syncthreads()


@cuda.jit(device=True)
def _recall(build: Any, plan: Any, tiles: Any, tape: Any, N: int, now: int, near: Any) -> int:
    """q -> s, as partial sums, from n of N slots; returns n. Leaves all threads in step."""
    b = cuda.blockIdx.x
    score_slots(build, plan, tape, b, N, near.q, near.e, near.w_a, near.scores, near.part)  # M.1
    n = select(plan, N, near.scores, near.idx, near.a, near.some_idx, near.some_a)
    weigh(plan, N, n, near.a, near.w, near.part)  # M.2
    cuda.syncthreads()
    read_slots(tiles.units, plan, tape, b, near.w, near.idx, n, near.part)  # M.3
    if n <= plan.cap:
        i = index(cuda.threadIdx.x)
        while i < n:
            tape.slots[now, i], tape.scores[now, i] = near.idx[i], near.a[i]
            i = index(i + build.threads)
    cuda.syncthreads()
    return n


@cuda.jit(device=True)
def _end_step(build: Any, tiles: Any, tape: Any, n: int, now: int, near: Any, own: Any) -> None:
    """h = hhat + s, and the step's states to the tape."""
    then = index(now + cuda.gridDim.x)
    for i in range(build.units):
        u = index(cuda.threadIdx.x + i * build.threads)
        if u < build.H:
            s = tape.h.dtype.type(0)
            if n:
                s = gathered(tiles.units, near.part, u)
            h = own.hhat[i] + s
            near.h[u] = h
            tape.hhat[now, u], tape.c[then, u], tape.h[then, u] = own.hhat[i], own.c[i], h
            if build.memory:
                tape.s[now, u] = s
                if not build.additive:
                    near.m[u] = feature(build, h)
