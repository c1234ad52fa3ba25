"""The backward time loop, compiled: the forward's equations in reverse, a thread per block of batch rows.

Gradients of a slot and of its key add up in place, read by read, until the loop reaches the step that wrote the slot;
there they are collected and the place is cleared, so that the buffers end as they began: zero. Weight gradients are one
product per panel of steps, added up block by block; the blocks' sums are added in order at the end.
"""

from __future__ import annotations

import numpy as np

from sabcore.engine.cpu.borrow import block_of, borrowed
from sabcore.engine.cpu.buffers import GradientBuffers, Scratch, TapeBuffers
from sabcore.engine.cpu.forward import gates_of_inputs, gates_of_step, gather_inputs
from sabcore.engine.cpu.jit import jit, jit_entry, jit_part
from sabcore.engine.cpu.lstm import backward_factors, backward_level
from sabcore.engine.cpu.plan import Plan, Weights
from sabcore.engine.cpu.read import read_backward, slots_before
from sabcore.engine.cpu.score import query
from sabcore.engine.cpu.vectormath import tanh


@jit_entry()
def backward_block(
    plan: Plan,
    all_weights: Weights,
    all_tape: TapeBuffers,
    all_scratch: Scratch,
    all_grad: GradientBuffers,
    all_x: np.ndarray,
    all_dy: np.ndarray,
    all_dx: np.ndarray,
    lo: int,
    hi: int,
    b: int,
) -> None:
    """Steps hi..lo+1 of block b: dy (T,B,O) -> dx (T,B,I), the sums in its part of `all_grad`. lo starts a panel."""
    weights, tape, scratch = borrowed(all_weights), block_of(all_tape, b), block_of(all_scratch, b)
    grad, x, dy, dx = block_of(all_grad, b), borrowed(all_x), borrowed(all_dy), borrowed(all_dx)
    for panel in range((hi - 1) // plan.P, lo // plan.P - 1, -1):
        start, stop = panel * plan.P, min((panel + 1) * plan.P, plan.T)
        _begin_panel(plan, weights, tape, scratch, grad, x, dy, b, start, stop)
        for t in range(stop, start, -1):
            _step(plan, weights, tape, scratch, grad, b, t, t - 1 - start)
        _end_panel(plan, weights, tape, grad, x, dx, b, start, stop)
    if lo == 0:
        _finish(plan, weights, tape, grad)


@jit
def _add(out: np.ndarray, a: np.ndarray) -> None:
    """out += a, of any equal number of elements."""
    out_flat, a_flat = out.reshape(-1), a.reshape(-1)
    for u in range(len(out_flat)):
        out_flat[u] += a_flat[u]


@jit_part
def _begin_panel(
    plan: Plan,
    weights: Weights,
    tape: TapeBuffers,
    scratch: Scratch,
    grad: GradientBuffers,
    x: np.ndarray,
    dy: np.ndarray,
    b: int,
    lo: int,
    hi: int,
) -> None:
    """The loss's gradients of h and s over the panel; the gates again, if the tape did not keep them."""
    rows, R = (hi - lo) * plan.R, plan.R
    for t in range(lo, hi):
        for r in range(min(R, plan.B - b * R)):
            for u in range(plan.O):
                grad.dy[(t - lo) * R + r, u] = dy[t, b * R + r, u]
    np.dot(grad.dy[:rows], weights.V_h, grad.dh_loss[:rows])  # Y.1*
    if plan.memory:
        np.dot(grad.dy[:rows], weights.V_s, grad.ds_loss[:rows])  # Y.1*
    if len(tape.gates) < plan.T:
        gates_of_inputs(plan, weights, tape, scratch, x, b, lo, hi)
        for t in range(lo + 1, hi + 1):
            gates_of_step(plan, weights, tape, scratch, t)


@jit_part
def _step(
    plan: Plan,
    weights: Weights,
    tape: TapeBuffers,
    scratch: Scratch,
    grad: GradientBuffers,
    b: int,
    t: int,
    at: int,
) -> None:
    """Step t, `at` steps into its panel: dh dc of (h, c)_t -> those of (h, c)_{t-1}."""
    R, L, dh = plan.R, plan.L, grad.dh
    _add(dh[plan.loss_level], grad.dh_loss[at * R : (at + 1) * R])
    dhhat = dh
    if plan.memory:
        _collect_slot(plan, weights, tape, grad, t, dh[plan.slot_level])
        dhhat = _read_step(plan, weights, tape, scratch, grad, b, t, at)
    gates = tape.gates[(t - 1) % len(tape.gates)]
    dz, dz_sum = grad.dz, grad.dz_sum[at * R : (at + 1) * R]
    backward_factors(gates, tape.c[t - 1], tape.c[t], grad.factors)
    for level in range(L):
        backward_level(grad.factors, gates, dhhat[level], grad.dc[level], dz[level])
    dz_sum[:] = dz[0]
    for level in range(1, L):
        _add(dz_sum, dz[level])
    _carry(plan, weights, grad, t)


@jit
def _cuts(plan: Plan, t: int) -> bool:
    """True if segment truncation detaches the state before step t."""
    return plan.k_trunc > 0 and t > 1 and (t - 1 + plan.segment_offset) % plan.k_trunc == 0


@jit_part
def _carry(plan: Plan, weights: Weights, grad: GradientBuffers, t: int) -> None:
    """dz dc of step t -> dh dc of step t - 1, cut or moved down a level as the truncation says."""
    dh, dc, L = grad.dh, grad.dc, plan.L
    if _cuts(plan, t):
        dh[:] = 0  # T.1*
        dc[:] = 0  # T.1*
        return
    np.dot(grad.dz.reshape(L * plan.R, 4 * plan.H), weights.W_hh, dh.reshape(L * plan.R, plan.H))  # L.1*
    if t > 1 and plan.bounded > 0:
        for level in range(plan.bounded - 1):
            dh[level] = dh[level + 1]  # T.2*
            dc[level] = dc[level + 1]  # T.2*
        dh[plan.bounded - 1] = 0  # T.2*
        dc[plan.bounded - 1] = 0  # T.2*


@jit_part
def _read_step(
    plan: Plan,
    weights: Weights,
    tape: TapeBuffers,
    scratch: Scratch,
    grad: GradientBuffers,
    b: int,
    t: int,
    at: int,
) -> np.ndarray:
    """dh of step t -> dhhat (L,R,H), through the read of step t as well."""
    R, L, N = plan.R, plan.L, slots_before(plan, t)
    dq_sum = grad.dq_sum[at * R : (at + 1) * R]
    dq_sum[:] = 0
    if N == 0:
        return grad.dh
    grad.ds[:] = grad.dh
    _add(grad.ds[plan.loss_level], grad.ds_loss[at * R : (at + 1) * R])
    query(plan, weights, tape.hhat[t - 1], scratch.q, scratch.e, scratch.reach)
    grad.dq[:] = 0
    for r in range(min(R, plan.B - b * R)):
        read_backward(plan, weights, tape, scratch, grad, r, t, N)
    for level in range(L):
        _add(dq_sum, grad.dq[level])
    if not plan.score_grad:
        return grad.dh
    _query_backward(plan, weights, tape, grad, t)
    _add(grad.dhhat, grad.dh)
    return grad.dhhat


@jit_part
def _query_backward(plan: Plan, weights: Weights, tape: TapeBuffers, grad: GradientBuffers, t: int) -> None:
    """grad.dq (L,R,U) -> grad.dhhat (L,R,H)."""
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


@jit
def _collect_slot(
    plan: Plan, weights: Weights, tape: TapeBuffers, grad: GradientBuffers, t: int, dh: np.ndarray
) -> None:
    """If step t wrote a slot: its gradient, complete now, into dh (R,H), and its key's share of the weights'."""
    j = (t - plan.first_slot) // plan.k_att
    if t < plan.first_slot or (t - plan.first_slot) % plan.k_att != 0:
        return
    for r in range(plan.R):
        _add(dh[r], grad.dM[r, j])
        grad.dM[r, j] = 0
    if plan.additive:
        _collect_key(plan, weights, tape, grad, t, j, dh)
    else:
        _collect_separable_key(plan, weights, tape, grad, t, j, dh)


@jit_part
def _collect_key(
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
        _add(dh, grad.dm_key)
    grad.collected[0] = n + R
    if n + R == plan.P * R:
        _add_collected(grad)


@jit
def _add_collected(grad: GradientBuffers) -> None:
    """The collected slots' share of dW_m, one product."""
    n = grad.collected[0]
    np.dot(grad.dk_slots[:n].T, grad.m_slots[:n], grad.of_dW_m)  # A.1*
    _add(grad.dW_m, grad.of_dW_m)
    grad.collected[0] = 0


@jit_part
def _collect_separable_key(
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
def _end_panel(
    plan: Plan,
    weights: Weights,
    tape: TapeBuffers,
    grad: GradientBuffers,
    x: np.ndarray,
    dx: np.ndarray,
    b: int,
    lo: int,
    hi: int,
) -> None:
    """The panel's share of the weights' gradients, and its dx: a few products."""
    rows, R, I = (hi - lo) * plan.R, plan.R, plan.I  # noqa: E741
    inputs, dz = grad.inputs[:rows], grad.dz_sum[:rows]
    gather_inputs(plan, x, b, lo, hi, inputs)
    inputs[:, I + 1 :] = tape.h[lo:hi].reshape(rows, plan.H)
    np.dot(dz.T, inputs, grad.of_dW)  # L.1*
    _add(grad.dW, grad.of_dW)
    np.dot(dz, weights.W_ih, grad.dx[:rows])  # L.1*
    for t in range(lo, hi):
        for r in range(min(R, plan.B - b * R)):
            dx[t, b * R + r] = grad.dx[(t - lo) * R + r]
    _readout_weights(plan, tape, grad, lo, hi)
    if plan.memory:
        _query_weights(plan, tape, grad, lo, hi)


@jit_part
def _readout_weights(plan: Plan, tape: TapeBuffers, grad: GradientBuffers, lo: int, hi: int) -> None:
    rows = (hi - lo) * plan.R
    dy = grad.dy[:rows]
    for row in range(rows):
        _add(grad.dd, dy[row])  # Y.1*
    np.dot(dy.T, tape.h[lo + 1 : hi + 1].reshape(rows, plan.H), grad.of_dV)  # Y.1*
    _add(grad.dV_h, grad.of_dV)
    if plan.memory:
        np.dot(dy.T, tape.s[lo:hi].reshape(rows, plan.H), grad.of_dV)  # Y.1*
        _add(grad.dV_s, grad.of_dV)


@jit_part
def _query_weights(plan: Plan, tape: TapeBuffers, grad: GradientBuffers, lo: int, hi: int) -> None:
    rows = (hi - lo) * plan.R
    hhat, dq = tape.hhat[lo:hi].reshape(rows, plan.H), grad.dq_sum[:rows]
    if plan.additive:
        np.dot(dq.T, hhat, grad.of_dW_m)  # A.2*
        _add(grad.dW_q, grad.of_dW_m)
        return
    for row in range(rows):
        for u in range(plan.H):
            grad.du_q[u] += dq[row, 0] * tanh(hhat[row, u])  # P.2*


@jit_part
def _finish(plan: Plan, weights: Weights, tape: TapeBuffers, grad: GradientBuffers) -> None:
    """What step 0 collects: h0 as the first slot; and the slots of the last, unfinished panel."""
    if plan.memory and plan.first_slot == 0:
        _collect_slot(plan, weights, tape, grad, np.int64(0), grad.dh[0])
    if grad.collected[0] > 0:
        _add_collected(grad)
