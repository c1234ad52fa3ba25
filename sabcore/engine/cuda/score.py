"""The scores of one batch row against its slots, from cached exponentials; the equations are `sabcore.step.score`'s.

    tanh(k + q) = 1 - 2 / (1 + E e),   E = exp(2k) kept when the slot is written,   e = exp(2q) once a step

so that a unit of a score costs a product and a division. A slot with a unit beyond `key_limit`, where an exponential
would have to be clamped and a query of the other sign could still undo it, keeps its key k itself: it is marked `far`
and scored by tanh. Queries may be clamped, for a key that is not far cannot bring them back.

Both scores are treated alike: a key is `feature(m) W_k`, a query `feature(hhat) W_q`. Additive: feature(m) = m, U = A
units. Separable: feature(m) = tanh m, U = 1, and the key is kept as it is.
"""

from __future__ import annotations

import math
from typing import Any

from numba import cuda

from sabcore.engine.cuda.device_math import clamp, index, quotient

#: So many threads work together on one slot, side by side along its units: 32 bytes of float32.
LANES = 8
#: Pairs of units under way at a time; see `product.py`.
PAIRS_AHEAD = 4


@cuda.jit(device=True)
def feature(plan: Any, m: Any) -> Any:
    """What the score sees of a unit of a state."""
    return m if plan.additive else type(m)(math.tanh(m))


@cuda.jit(device=True)
def feature_slope(plan: Any, m: Any) -> Any:
    """The derivative of `feature`."""
    one = type(m)(1)
    if plan.additive:
        return one
    e = type(m)(math.tanh(m))
    return one - e * e


@cuda.jit(device=True)
def write_key(plan: Any, k: Any, keys: Any, far: Any, row: int) -> None:
    """k (U,) -> keys[row] (U,) and far[row]. All threads must call."""
    tid, threads = cuda.threadIdx.x, cuda.blockDim.x
    beyond = 0
    if plan.additive:
        u = index(tid)
        while u < plan.U:
            if abs(k[u] + k[u]) > plan.key_limit:
                beyond = 1
            u = index(u + threads)
    beyond = cuda.syncthreads_or(beyond)
    u = index(tid)
    while u < plan.U:
        if plan.additive and not beyond:
            keys[row, u] = math.exp(k[u] + k[u])
        else:
            keys[row, u] = k[u]
        u = index(u + threads)
    if tid == 0:
        far[row] = beyond


@cuda.jit(device=True)
def exp_query(plan: Any, q: Any, e: Any) -> None:
    """q (U,) -> e (U,) = exp(2q), clamped."""
    u = index(cuda.threadIdx.x)
    while u < plan.U:
        e[u] = math.exp(clamp(q[u] + q[u], plan.query_limit))

        u = index(u + cuda.blockDim.x)


@cuda.jit(device=True)
def unit(key: Any, is_far: int, q: Any, e: Any) -> Any:
    """One unit of a slot and of the query -> tanh(k + q) and its slope 1 - tanh(k + q)^2."""
    one = type(e)(1)
    if is_far:
        t = type(e)(math.tanh(key + q))
        return t, one - t * t  # A.3, A.3*
    x = bounded(key * e)
    y = one / (one + x)
    return one - (y + y), type(e)(4) * (x * y) * y  # A.3, A.3*


@cuda.jit(device=True)
def bounded(x: Any) -> Any:
    """x, or what is large enough for tanh to be 1 and small enough for products of two not to overflow."""
    return min(x, type(x)(1e18))


@cuda.jit(device=True)
def score_slots(
    plan: Any, keys: Any, far: Any, b: int, N: int, q: Any, e: Any, w_a: Any, scores: Any, part: Any
) -> None:
    """keys (NB,U), q e w_a (U,) -> scores[:N] of row b's slots. All threads must call, and leave in step."""
    tid, threads, B = cuda.threadIdx.x, cuda.blockDim.x, cuda.gridDim.x
    if not plan.additive:
        j = index(tid)
        while j < N:
            scores[j] = keys[j * B + b, 0] + q[0]  # P.3
            j = index(j + threads)
        cuda.syncthreads()
        return
    j, slots = quotient(tid, LANES), quotient(threads, LANES)
    lane = tid - j * LANES
    first = 0
    while first < N:
        if j < N:
            row = index(j * B + b)
            part[index(tid)] = (
                _share_by_tanh(plan, keys, row, q, w_a, lane)
                if far[row]
                else _share_by_exponentials(plan, keys, row, e, w_a, lane)
            )
        cuda.syncwarp()
        if lane == 0 and j < N:
            total = part[index(tid)]
            for other in range(1, LANES):
                total += part[index(tid + other)]
            scores[j] = total
        cuda.syncwarp()
        j = index(j + slots)
        first += slots
    cuda.syncthreads()


@cuda.jit(device=True)
def _share_by_tanh(plan: Any, keys: Any, row: int, q: Any, w_a: Any, lane: int) -> Any:
    """What the units lane, lane + LANES, ... add to the score of a slot that is far."""
    total, u = w_a.dtype.type(0), index(lane)
    while u < plan.U:
        total += w_a[u] * type(total)(math.tanh(keys[row, u] + q[u]))  # A.3, A.4
        u = index(u + LANES)
    return total


@cuda.jit(device=True)
def _share_by_exponentials(plan: Any, keys: Any, row: int, e: Any, w_a: Any, lane: int) -> Any:
    """What the units lane, lane + LANES, ... add to the score of any other slot. Two of them share one division."""
    one, total, weight = w_a.dtype.type(1), w_a.dtype.type(0), w_a.dtype.type(0)
    u = index(lane)
    while u + (2 * PAIRS_AHEAD - 1) * LANES < plan.U:
        for i in range(PAIRS_AHEAD):
            v, w = index(u + 2 * i * LANES), index(u + (2 * i + 1) * LANES)
            x = bounded(one + keys[row, v] * e[v])  # A.3
            y = bounded(one + keys[row, w] * e[w])  # A.3
            weight += w_a[v] + w_a[w]
            total += (w_a[v] * y + w_a[w] * x) / (x * y)
        u = index(u + 2 * PAIRS_AHEAD * LANES)
    while u < plan.U:
        weight += w_a[u]
        total += w_a[u] / bounded(one + keys[row, u] * e[u])  # A.3
        u = index(u + LANES)
    return weight - (total + total)  # A.4
