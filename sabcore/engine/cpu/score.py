"""The scores of one batch row against its slots; the equations are `sabcore.step.score`'s.

An additive key is tanh(W_m m), for the near form of `additive`. Of a far slot W_m m is kept as well, and becomes the
key of the far form when a query that needs it first comes. A separable key is one number, u_m . tanh(m).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sabcore.engine.cpu.additive import (
    MODERATE_QUERY,
    any_beyond,
    make_far_key,
    make_halves,
    make_key,
    make_query,
    score_far,
    score_near,
    slopes_far,
    slopes_near,
)
from sabcore.engine.cpu.buffers import GradientBuffers, Scratch, TapeBuffers
from sabcore.engine.cpu.jit import jit_part, jit_sum
from sabcore.engine.cpu.lost import lost_part, restore_slopes
from sabcore.engine.cpu.plan import Plan, Weights
from sabcore.engine.cpu.slots import step_of
from sabcore.engine.cpu.sums import dot
from sabcore.engine.cpu.vectormath import tanh


@jit_sum
def dot_tanh(weight: np.ndarray, m: np.ndarray) -> Any:
    """weight m (H,) -> weight . tanh(m)."""
    total = m.dtype.type(0)
    for u in range(len(m)):
        total += weight[u] * tanh(m[u])
    return total


@jit_part
def write_keys(plan: Plan, weights: Weights, m: np.ndarray, j: int, tape: TapeBuffers, k: np.ndarray) -> None:
    """m (R,H), the memories of slot j -> tape.keys[:,j] (R,U) and tape.far[:,j] (R,). k (R,U) is scratch."""
    if plan.additive:
        np.dot(m, weights.W_m_T, k)  # A.1
        for r in range(plan.R):
            tape.far[r, j] = make_key(k[r], tape.keys[r, j])
            tape.far_made[r, j] = False
            if tape.far[r, j]:
                tape.far_keys[r, j] = k[r]
    else:
        for r in range(plan.R):
            tape.keys[r, j, 0] = dot_tanh(weights.u_m, m[r])  # P.1


@jit_part
def query(plan: Plan, weights: Weights, hhat: np.ndarray, scratch: Scratch) -> None:
    """hhat (R,H) -> q (R,U) in `scratch`, and what an additive score needs besides."""
    q, tq, sq, w_sq = scratch.q, scratch.tq, scratch.sq, scratch.w_sq
    if plan.additive:
        np.dot(hhat, weights.W_q_T, q)  # A.2
        for r in range(plan.R):
            make_query(q[r], weights.w_a, tq[r], sq[r], w_sq[r])
            scratch.base[r] = dot(weights.w_a, tq[r])
            scratch.far[r] = any_beyond(q[r], q.dtype.type(MODERATE_QUERY))
            if scratch.far[r]:
                make_halves(tq[r], sq[r], scratch.rise[r], scratch.fall[r])
    else:
        for r in range(plan.R):
            q[r, 0] = dot_tanh(weights.u_q, hhat[r])  # P.2


@jit_part
def score_range(plan: Plan, weights: Weights, tape: TapeBuffers, scratch: Scratch, r: int, lo: int, hi: int) -> None:
    """Row r's scores lo..hi-1, by the query in `scratch`. Each stands alone."""
    a, keys = scratch.scores, tape.keys[r]
    if not plan.additive:
        for j in range(lo, hi):
            a[j] = keys[j, 0] + scratch.q[r, 0]  # P.3
        return
    score_near(scratch.w_sq[r], scratch.tq[r], scratch.base[r], keys, scratch.far[r], tape.far[r], a, lo, hi)
    if scratch.far[r]:
        for j in range(lo, hi):
            if tape.far[r, j]:
                a[j] = _score_far_slot(plan, weights, tape, scratch, r, j)


@jit_part
def _score_far_slot(plan: Plan, weights: Weights, tape: TapeBuffers, scratch: Scratch, r: int, j: int) -> Any:
    """The score of row r's slot j in the far form, whose key is made if this is the first time."""
    m, key = tape.h[step_of(j, plan.first_slot, plan.k_att), r], tape.far_keys[r, j]
    q, tq, sq, rise, fall = scratch.q[r], scratch.tq[r], scratch.sq[r], scratch.rise[r], scratch.fall[r]
    if not tape.far_made[r, j]:
        make_far_key(key)
        tape.far_made[r, j] = True
    a = scratch.base[r] + score_far(scratch.w_sq[r], rise, fall, key)  # A.4
    return a + lost_part(weights.W_m, weights.w_a, m, key, q, tq, sq, rise, fall)


@jit_part
def slopes(
    plan: Plan, weights: Weights, tape: TapeBuffers, scratch: Scratch, grad: GradientBuffers, r: int, j: int
) -> None:
    """Row r's slot j and the query in `scratch` -> grad.e = tanh(k+q) and grad.slope = w_a (1 - e^2), (A,)."""
    tq, sq, w_sq, e, slope = scratch.tq[r], scratch.sq[r], scratch.w_sq[r], grad.e, grad.slope
    if not (scratch.far[r] and tape.far[r, j]):
        slopes_near(w_sq, tq, sq, tape.keys[r, j], e, slope)
        return
    m, key = tape.h[step_of(j, plan.first_slot, plan.k_att), r], tape.far_keys[r, j]
    slopes_far(w_sq, tq, sq, scratch.rise[r], scratch.fall[r], key, e, slope)
    restore_slopes(weights.W_m, weights.w_a, m, key, scratch.q[r], e, slope)
