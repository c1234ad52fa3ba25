"""What reads send back, on to where it belongs: from a slot to the step that wrote it, and through the query.

Gradients of a slot and of its key add up in place, read by read, until the loop reaches the step that wrote the slot;
there they are collected and the place is cleared, so that the buffers end as they began: zero.
"""

from __future__ import annotations

import numpy as np

from sabcore.engine.cpu.buffers import GradientBuffers, TapeBuffers
from sabcore.engine.cpu.jit import jit, jit_part
from sabcore.engine.cpu.plan import Plan, Weights
from sabcore.engine.cpu.slots import slot_of
from sabcore.engine.cpu.sums import add
from sabcore.engine.cpu.vectormath import tanh


@jit
def slot_credit(plan: Plan, weights: Weights, tape: TapeBuffers, grad: GradientBuffers, t: int, dh: np.ndarray) -> None:
    """If step t wrote a slot: its gradient, complete now, into dh (R,H), and its key's share of the weights'."""
    j = slot_of(t, plan.first_slot, plan.k_att)
    if j < 0:
        return
    for r in range(plan.R):
        add(dh[r], grad.dM[r, j])
        grad.dM[r, j] = 0
    if plan.additive:
        _additive_key_backward(plan, weights, tape, grad, t, j, dh)
    else:
        _separable_key_backward(plan, weights, tape, grad, t, j, dh)


@jit_part
def _additive_key_backward(
    plan: Plan, weights: Weights, tape: TapeBuffers, grad: GradientBuffers, t: int, j: int, dh: np.ndarray
) -> None:
    n, R = grad.collected[0], plan.R
    dk = grad.dk_slots[n : n + R]
    for r in range(R):
        dk[r] = grad.dkeys[r, j]
        grad.dkeys[r, j] = 0
    grad.m_slots[n : n + R] = tape.h[t]
    if plan.score_grad:
        np.dot(dk, weights.W_m, grad.dm_key)  # A.1*
        add(dh, grad.dm_key)
    grad.collected[0] = n + R
    if n + R == plan.P * R:
        key_weights_backward(grad)


@jit
def key_weights_backward(grad: GradientBuffers) -> None:
    """The share in dW_m of the slots collected since the last time, one product."""
    n = grad.collected[0]
    np.dot(grad.dk_slots[:n].T, grad.m_slots[:n], grad.of_dW_m)  # A.1*
    add(grad.dW_m, grad.of_dW_m)  # A.1*
    grad.collected[0] = 0


@jit_part
def _separable_key_backward(
    plan: Plan, weights: Weights, tape: TapeBuffers, grad: GradientBuffers, t: int, j: int, dh: np.ndarray
) -> None:
    one = dh.dtype.type(1)
    for r in range(plan.R):
        dk = grad.dkeys[r, j, 0]
        for u in range(plan.H):
            e = tanh(tape.h[t, r, u])
            grad.du_m[u] += dk * e  # P.1*
            if plan.score_grad:
                dh[r, u] += dk * weights.u_m[u] * (one - e * e)  # P.1*
        grad.dkeys[r, j, 0] = 0


@jit_part
def query_backward(plan: Plan, weights: Weights, tape: TapeBuffers, grad: GradientBuffers, t: int) -> None:
    """grad.dq (L,R,U) of step t -> grad.dhhat (L,R,H)."""
    rows, dhhat, dq = plan.L * plan.R, grad.dhhat, grad.dq
    if plan.additive:
        np.dot(dq.reshape(rows, plan.U), weights.W_q, dhhat.reshape(rows, plan.H))  # A.2*
        return
    one = dq.dtype.type(1)
    for r in range(plan.R):
        for u in range(plan.H):
            e = tanh(tape.hhat[t - 1, r, u])
            for level in range(plan.L):
                dhhat[level, r, u] = dq[level, r, 0] * weights.u_q[u] * (one - e * e)  # P.2*


@jit_part
def query_weights_backward(plan: Plan, tape: TapeBuffers, grad: GradientBuffers, lo: int, hi: int) -> None:
    """grad.dq_sum of the panel of steps lo+1..hi -> adds to dW_q or du_q."""
    rows = (hi - lo) * plan.R
    hhat, dq = tape.hhat[lo:hi].reshape(rows, plan.H), grad.dq_sum[:rows]
    if plan.additive:
        np.dot(dq.T, hhat, grad.of_dW_m)  # A.2*
        add(grad.dW_q, grad.of_dW_m)  # A.2*
        return
    for row in range(rows):
        for u in range(plan.H):
            grad.du_q[u] += dq[row, 0] * tanh(hhat[row, u])  # P.2*
