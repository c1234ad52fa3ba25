"""The scores of one batch row against its slots, from cached exponentials; the equations are `sabcore.step.score`'s.

    tanh(k + q) = 1 - 2 / (1 + E e),   E = exp(2k) kept when the slot is written,   e = exp(2q) once a step

so that a unit of a score costs a product and a share of a division. A slot with a unit beyond `key_limit`, where an
exponential would have to be clamped and a query of the other sign could still undo it, keeps its key k itself: it is
marked `far` and scored by tanh. Queries may be clamped, for a key that is not far cannot bring them back.

Both scores are treated alike: a key is `feature(m) W_k`, a query `feature(hhat) W_q`. Additive: feature(m) = m, U = A
units. Separable: feature(m) = tanh m, U = 1, and the key is kept as it is.
"""

from __future__ import annotations

import math
from typing import Any

from numba import cuda

from sabcore.engine.cuda.device_math import clamp, fraction, index, wide
from sabcore.engine.cuda.product import gathered

#: So many threads work together on one slot, side by side along its units: 32 bytes of float32.
LANES = 8
#: Units of a slot that a thread asks for at once, four to a division, while it works on the slot before.
CHUNK = 16


@cuda.jit(device=True)
def feature(build: Any, m: Any) -> Any:
    """What the score sees of a unit of a state."""
    return m if build.additive else type(m)(math.tanh(m))


@cuda.jit(device=True)
def feature_slope(build: Any, m: Any) -> Any:
    """The derivative of `feature`."""
    one = type(m)(1)
    if build.additive:
        return one
    e = type(m)(math.tanh(m))
    return one - e * e


@cuda.jit(device=True)
def key_is_far(build: Any, plan: Any, tile: Any, part: Any, k: Any) -> bool:
    """part, for a key -> k, the thread's units of it; returns whether one of them is beyond the limit."""
    beyond = False
    for n in range(build.key_units):
        u = index(cuda.threadIdx.x + n * build.threads)
        if u < build.U:
            k[n] = gathered(tile, part, u)  # A.1, P.1
            beyond = beyond or abs(k[n] + k[n]) > plan.key_limit
    return beyond if build.additive else False


@cuda.jit(device=True)
def write_key(build: Any, k: Any, beyond: int, tape: Any, row: int) -> None:
    """k, the thread's units of a key, and whether any unit of any thread is `beyond` -> the tape's keys and far."""
    for n in range(build.key_units):
        u = index(cuda.threadIdx.x + n * build.threads)
        if u < build.U:
            tape.keys[row, u] = math.exp(k[n] + k[n]) if build.additive and not beyond else k[n]
    if cuda.threadIdx.x == 0:
        tape.far[row] = 1 if beyond else 0


@cuda.jit(device=True)
def exp_query(plan: Any, q: Any) -> Any:
    """exp(2q) of a unit, clamped."""
    return type(q)(math.exp(clamp(q + q, plan.query_limit)))


@cuda.jit(device=True)
def unit(key: Any, is_far: int, q: Any, e: Any) -> Any:
    """One unit of a slot and of the query -> tanh(k + q) and its slope 1 - tanh(k + q)^2."""
    one = type(e)(1)
    if is_far:
        t = type(e)(math.tanh(key + q))
        return t, one - t * t  # A.3, A.3*
    x = min(key * e, type(e)(1e18))  # tanh is 1 there, and a product of two does not overflow
    y = one / (one + x)
    return one - (y + y), type(e)(4) * (x * y) * y  # A.3, A.3*


@cuda.jit(device=True)
def score_slots(
    build: Any, plan: Any, tape: Any, b: int, N: int, q: Any, e: Any, w_a: Any, scores: Any, part: Any
) -> None:
    """The tape's keys, q e w_a (U,) -> scores[:N] of row b's slots. All threads must call, and leave in step."""
    tid, B, one = index(cuda.threadIdx.x), cuda.gridDim.x, q.dtype.type(1)
    if not build.additive:
        j = tid
        while j < N:
            scores[j] = tape.keys[j * B + b, 0] + q[0]  # P.3
            j = index(j + build.threads)
        cuda.syncthreads()
        return
    slots = index(build.threads // LANES)
    j, first = index(tid // index(LANES)), 0
    lane = index(tid - j * LANES)
    mine_e, mine_w = cuda.local.array(CHUNK, q.dtype), cuda.local.array(CHUNK, q.dtype)
    now, ahead = cuda.local.array(CHUNK, q.dtype), cuda.local.array(CHUNK, q.dtype)
    weight = q.dtype.type(0)
    for n in range(CHUNK):
        u = wide(lane) + wide(n * LANES)
        mine_e[n], mine_w[n] = (e[u], w_a[u]) if u < wide(build.U) else (one, one - one)
        weight += mine_w[n]
    is_far_ahead = _ask_for(build, tape, j, N, b, lane, ahead)
    while first < N:
        is_far = is_far_ahead
        for n in range(CHUNK):
            now[n] = ahead[n]
        is_far_ahead = _ask_for(build, tape, index(j + slots), N, b, lane, ahead)
        if j < N:
            row = index(j * B + b)
            if is_far:
                total = _by_tanh(build, tape.keys, row, q, w_a, lane)
            else:
                total = q.dtype.type(0)
                for n in range(0, CHUNK, 4):
                    if n * LANES < build.U:
                        total += _four(build, plan, now, mine_e, mine_w, n)
                total = weight - (total + total) + _beyond_chunk(build, plan, tape.keys, row, e, w_a, lane)  # A.4
            part[tid] = total
        cuda.syncwarp()
        if lane == 0 and j < N:
            total = part[tid]
            for other in range(1, LANES):
                total += part[wide(tid) + wide(other)]
            scores[j] = total
        cuda.syncwarp()
        j = index(j + slots)
        first += slots
    cuda.syncthreads()


@cuda.jit(device=True)
def _ask_for(build: Any, tape: Any, j: int, N: int, b: int, lane: int, ahead: Any) -> int:
    """The first CHUNK units of slot j that are a lane's, zeros where there are none; returns whether it is far."""
    if j >= N:
        return 0
    row = index(j * cuda.gridDim.x + b)
    for n in range(CHUNK):
        u = wide(lane) + wide(n * LANES)
        ahead[n] = tape.keys[row, u] if u < wide(build.U) else ahead.dtype.type(0)
    return tape.far[row]


@cuda.jit(device=True)
def _four(build: Any, plan: Any, E: Any, e: Any, w: Any, n: int) -> Any:
    """sum of w / (1 + E e) over four units from n on, by one division."""
    one, limit = type(plan.score_limit)(1), plan.score_limit
    x0, x1 = min(one + E[n] * e[n], limit), min(one + E[n + 1] * e[n + 1], limit)  # A.3
    x2, x3 = min(one + E[n + 2] * e[n + 2], limit), min(one + E[n + 3] * e[n + 3], limit)  # A.3
    x, y = x0 * x1, x2 * x3
    sum_of_all = (w[n] * x1 + w[n + 1] * x0) * y + (w[n + 2] * x3 + w[n + 3] * x2) * x
    return fraction(build.single, sum_of_all, x * y)


@cuda.jit(device=True)
def _beyond_chunk(build: Any, plan: Any, keys: Any, row: int, e: Any, w_a: Any, lane: int) -> Any:
    """What the units of long keys that are a lane's, but not in its first CHUNK, add to the score of a slot."""
    one, total = w_a.dtype.type(1), w_a.dtype.type(0)
    u = index(lane + CHUNK * LANES)
    while u < build.U:
        half = w_a[u] / min(one + keys[row, u] * e[u], plan.score_limit)  # A.3
        total += w_a[u] - (half + half)  # A.4
        u = index(u + LANES)
    return total


@cuda.jit(device=True)
def _by_tanh(build: Any, keys: Any, row: int, q: Any, w_a: Any, lane: int) -> Any:
    """What a lane's units add to the score of a slot that is far."""
    total, u = w_a.dtype.type(0), index(lane)
    while u < build.U:
        total += w_a[u] * type(total)(math.tanh(keys[row, u] + q[u]))  # A.3, A.4
        u = index(u + LANES)
    return total
