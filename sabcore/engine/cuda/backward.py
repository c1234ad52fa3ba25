"""The backward kernel: one block carries the gradients of one batch row back through the whole sequence.

The order of events is that of `sabcore.engine.plain.backward`. A row's slots are touched by its own block alone, the
slots of one read are distinct, and each element has one thread that adds to it: plain `+=`, the same bits every time.
Gradient levels (see `sabcore.engine.truncation`) come one after the other.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from numba import cuda, int32

from sabcore.engine.cuda.credit import add_slot, carried_to, credit_read, list_slots
from sabcore.engine.cuda.device_math import index
from sabcore.engine.cuda.lstm import fetch_gates, retreat
from sabcore.engine.cuda.plan import Build, backward_tiles, backward_vectors
from sabcore.engine.cuda.product import gathered, hold_weights, multiply
from sabcore.engine.cuda.read import put_shares
from sabcore.engine.cuda.score import feature_slope
from sabcore.engine.cuda.slots import slot_of, visible
from sabcore.engine.cuda.sparsify import weigh
from sabcore.engine.cuda.tile import WIDTH


class Near(NamedTuple):
    """A block's shared memory: dz (4H,), ds (H,), the gradient dq of a query or of a key (U,), q, e and w_a (U,),
    partial sums; lists of the slots read (in global memory if a step may read all); dh and dc by level (LH,), unless
    there are too many levels; weights."""

    dz: Any
    ds: Any
    dq: Any
    q: Any
    e: Any
    w_a: Any
    part: Any
    a: Any
    w: Any
    dw: Any
    da: Any
    idx: Any
    some_idx: Any
    dh: Any
    dc: Any
    W_hh: Any
    W_q: Any
    W_m: Any


class Own(NamedTuple):
    """A thread's registers: weights of the gates (and none of the others), its share of dw_a; what it asks for of its
    units before the step begins, the activated gates, the cell states before and after, what the outputs ask for, the
    query, and a slot that was read; and of a slot that is complete, dm."""

    W_hh: Any
    none: Any
    dw_a: Any
    gates: Any
    c_old: Any
    c: Any
    dh_loss: Any
    ds_loss: Any
    q: Any
    slot: Any
    score: Any
    dm: Any


def make_backward(build: Build) -> Any:
    """The backward kernel of a build, not yet compiled."""
    tiles, H, UNITS, KEY_UNITS = backward_tiles(build), build.H, build.units, build.key_units
    AT_DZ, AT_DS, AT_DQ, AT_Q, AT_E, AT_W_A, AT_PART, END = backward_vectors(build)
    HELD, GATES, ROW = max(1, tiles.gates.held * WIDTH), 4 * UNITS, WIDTH * build.threads

    def backward_kernel(plan: Any, room: Any, weights: Any, tape: Any, grads: Any, scratch: Any) -> None:
        """The tape; grads: dh_loss, ds_loss, and dM and dkeys as zeros -> the rest of them, complete."""
        b, B, dtype = cuda.blockIdx.x, cuda.gridDim.x, tape.h.dtype
        pool = cuda.shared.array(0, dtype)
        if build.rereads:
            numbers, indices, most = scratch.numbers[b], scratch.indices[b], plan.N
        else:
            numbers, most = pool[END:], plan.cap
            indices = cuda.shared.array(0, int32)[(END + 4 * plan.cap) * (tape.h.itemsize // 4) :]
        levels = pool[room.kept_at - 2 * plan.L * H :] if build.shared else scratch.levels[b]
        near = Near(
            pool[AT_DZ:],
            pool[AT_DS:],
            pool[AT_DQ:],
            pool[AT_Q:],
            pool[AT_E:],
            pool[AT_W_A:],
            pool[AT_PART:],
            numbers,
            numbers[most:],
            numbers[2 * most :],
            numbers[3 * most :],
            indices,
            indices[most:],
            levels,
            levels[plan.L * H :],
            pool[room.kept_at :],
            pool[room.kept_at + room.gates * ROW :],
            pool[room.kept_at + (room.gates + room.query) * ROW :],
        )
        own = Own(
            cuda.local.array(HELD, dtype),
            cuda.local.array(1, dtype),
            cuda.local.array(KEY_UNITS, dtype),
            cuda.local.array(GATES, dtype),
            cuda.local.array(UNITS, dtype),
            cuda.local.array(UNITS, dtype),
            cuda.local.array(UNITS, dtype),
            cuda.local.array(UNITS, dtype),
            cuda.local.array(KEY_UNITS, dtype),
            cuda.local.array(1, int32),
            cuda.local.array(1, dtype),
            cuda.local.array(UNITS, dtype),
        )
        _begin(build, tiles, plan, room, weights, near, own)
        for t in range(plan.T, 0, -1):
            now, n, S = index((t - 1) * B + b), 0, plan.eps
            _fetch(build, plan, tape, grads, now, own)
            if build.memory:
                j = slot_of(plan, t)
                if j >= 0:
                    add_slot(build, tiles, plan, room, weights, tape, grads, j, t, plan.slot_level, near, own)
                n = tape.counts[now]
                if n:
                    n = list_slots(build, plan, tape, n, visible(plan, t), now, near, own)
                    S = weigh(plan, visible(plan, t), n, near.a, near.w, near.part)
            for i in range(UNITS):
                u = index(cuda.threadIdx.x + i * build.threads)
                if u < H:
                    near.dh[index(plan.loss_level * H + u)] += own.dh_loss[i]
            for level in range(plan.L):
                if n:
                    credit_read(build, tiles, plan, tape, grads, visible(plan, t), n, S, level, now, near, own)
                    if plan.score_grad:
                        _through_query(tiles, room, weights, near, own)
                        cuda.syncthreads()
                _leave_cell(build, tiles, plan, tape, grads, n, level, now, near, own)
                cuda.syncthreads()
                target = carried_to(plan, t, level)
                if target >= 0:
                    multiply(tiles.gates, near.dz, weights.W_hh, own.W_hh, room.gates, near.W_hh, near.part)  # L.1*
                    cuda.syncthreads()
                _carry(build, tiles, level, target, near)
            if build.memory and n == 0:
                for i in range(KEY_UNITS):
                    u = index(cuda.threadIdx.x + i * build.threads)
                    if u < build.U:
                        grads.dq[now, u] = 0
        if build.memory:
            j = slot_of(plan, 0)
            if j >= 0:
                add_slot(build, tiles, plan, room, weights, tape, grads, j, 0, 0, near, own)
        _end(build, tiles, plan, grads, near, own)

    return backward_kernel


@cuda.jit(device=True)
def _begin(build: Any, tiles: Any, plan: Any, room: Any, weights: Any, near: Any, own: Any) -> None:
    """Fetch the weights; no gradient yet."""
    hold_weights(build, tiles, room, weights, near, own)
    for i in range(build.key_units):
        own.dw_a[i] = 0
    for i in range(build.units):
        u = index(cuda.threadIdx.x + i * build.threads)
        if u < build.H:
            for level in range(plan.L):
                near.dh[index(level * build.H + u)], near.dc[index(level * build.H + u)] = 0, 0


@cuda.jit(device=True)
def _fetch(build: Any, plan: Any, tape: Any, grads: Any, now: int, own: Any) -> None:
    """Ask for what the step needs of the thread's units; nothing waits for it here."""
    fetch_gates(build, tape.gates, now, own.gates)
    for i in range(build.units):
        u = index(cuda.threadIdx.x + i * build.threads)
        if u < build.H:
            own.c_old[i], own.c[i] = tape.c[now, u], tape.c[index(now + cuda.gridDim.x), u]
            own.dh_loss[i], own.ds_loss[i] = grads.dh_loss[now, u], grads.ds_loss[now, u]
    if build.memory:
        for i in range(build.key_units):
            u = index(cuda.threadIdx.x + i * build.threads)
            if u < build.U:
                own.q[i] = tape.q[now, u]
        if cuda.threadIdx.x < plan.cap:
            own.slot[0], own.score[0] = tape.slots[now, cuda.threadIdx.x], tape.scores[now, cuda.threadIdx.x]


@cuda.jit(device=True)
def _through_query(tiles: Any, room: Any, weights: Any, near: Any, own: Any) -> None:
    """dq -> that of feature(hhat), as partial sums."""
    multiply(tiles.query, near.dq, weights.W_q, own.none, room.query, near.W_q, near.part)  # A.2*, P.2*


@cuda.jit(device=True)
def _leave_cell(
    build: Any, tiles: Any, plan: Any, tape: Any, grads: Any, n: int, level: int, now: int, near: Any, own: Any
) -> None:
    """dh and dc of a level, and partial sums of what came by the query -> dz, and dc of the step before."""
    for i in range(build.units):
        u = index(cuda.threadIdx.x + i * build.threads)
        if u < build.H:
            at = index(level * build.H + u)
            dhhat = near.dh[at]
            if n and plan.score_grad:
                dhhat += gathered(tiles.query, near.part, u) * feature_slope(build, tape.hhat[now, u])  # P.2*
            near.dc[at] = retreat(build, own.gates, i, u, own.c_old[i], own.c[i], dhhat, near.dc[at], near.dz)
            for gate in range(4):
                g = index(u + gate * build.H)
                grads.dz[now, g] = near.dz[g] if level == 0 else grads.dz[now, g] + near.dz[g]


@cuda.jit(device=True)
def _carry(build: Any, tiles: Any, level: int, target: int, near: Any) -> None:
    """What a level has found, dh as partial sums, to level `target` of the step before; to none if that is -1."""
    for i in range(build.units):
        u = index(cuda.threadIdx.x + i * build.threads)
        if u < build.H:
            at = index(level * build.H + u)
            dc = near.dc[at]
            near.dh[at], near.dc[at] = 0, 0
            if target >= 0:
                to = index(target * build.H + u)
                near.dh[to], near.dc[to] = gathered(tiles.gates, near.part, u), dc


@cuda.jit(device=True)
def _end(build: Any, tiles: Any, plan: Any, grads: Any, near: Any, own: Any) -> None:
    """What is left, the sum of all levels, is dh0 and dc0; the threads' shares of dw_a are added up."""
    b = cuda.blockIdx.x
    for i in range(build.units):
        u = index(cuda.threadIdx.x + i * build.threads)
        if u < build.H:
            dh, dc = near.dh[u], near.dc[u]
            for level in range(1, plan.L):
                dh += near.dh[index(level * build.H + u)]
                dc += near.dc[index(level * build.H + u)]
            grads.dh0[b, u], grads.dc0[b, u] = dh, dc
    if build.memory:
        cuda.syncthreads()
        put_shares(tiles.key_units, own.dw_a, near.part)
        cuda.syncthreads()
        for i in range(build.key_units):
            u = index(cuda.threadIdx.x + i * build.threads)
            if u < build.U:
                grads.dw_a[b, u] = gathered(tiles.key_units, near.part, u)
