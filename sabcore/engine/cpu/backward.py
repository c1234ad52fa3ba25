"""The backward time loop, compiled: the forward's equations in reverse, a thread per block of batch rows.

What must go step by step does; the weights' gradients are one product per panel of steps, added up block by block. The
blocks' sums are added in order at the end.
"""

from __future__ import annotations

import numpy as np

from sabcore.engine.cpu.borrow import block_of, borrowed
from sabcore.engine.cpu.buffers import GradientBuffers, Scratch, TapeBuffers
from sabcore.engine.cpu.credit import key_weights_backward, query_backward, query_weights_backward, slot_credit
from sabcore.engine.cpu.gates import gates_backward, gates_of_inputs, gates_of_step
from sabcore.engine.cpu.jit import jit_entry, jit_part
from sabcore.engine.cpu.lstm import backward_factors, lstm_step_backward
from sabcore.engine.cpu.plan import Plan, Weights
from sabcore.engine.cpu.prefetch import prefetch
from sabcore.engine.cpu.read import read_backward
from sabcore.engine.cpu.readout import readout_backward, readout_weights_backward
from sabcore.engine.cpu.score import query
from sabcore.engine.cpu.slots import slots_before
from sabcore.engine.cpu.sums import add
from sabcore.engine.cpu.truncation import carry


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
        readout_backward(plan, weights, grad, dy, b, start, stop)  # B.5*
        if len(tape.gates) < plan.T:  # the tape did not keep them all
            gates_of_inputs(plan, weights, tape, scratch, x, b, start, stop)
            for t in range(start + 1, stop + 1):
                gates_of_step(plan, weights, tape, scratch, t)
        for t in range(stop, start, -1):
            _step(plan, weights, tape, scratch, grad, b, t)
        gates_backward(plan, weights, tape, grad, x, dx, b, start, stop)
        readout_weights_backward(plan, tape, grad, start, stop)
        if plan.memory:
            query_weights_backward(plan, tape, grad, start, stop)
    if lo == 0 and plan.memory:
        _finish(plan, weights, tape, grad)


@jit_part
def _step(
    plan: Plan, weights: Weights, tape: TapeBuffers, scratch: Scratch, grad: GradientBuffers, b: int, t: int
) -> None:
    """Step t: dh dc of (h, c)_t -> those of (h, c)_{t-1}."""
    R, L, dh = plan.R, plan.L, grad.dh
    if t > 1:  # what the next step needs of a tape that no processor expects to be read backwards
        prefetch(tape.gates[(t - 2) % len(tape.gates)])
        prefetch(tape.c[t - 2])
    at = (t - 1) % plan.P * R
    add(dh[plan.loss_level], grad.dh_loss[at : at + R])  # B.5*
    dhhat = dh
    if plan.memory:
        slot_credit(plan, weights, tape, grad, t, dh[plan.slot_level])  # B.4*
        dhhat = _read_step(plan, weights, tape, scratch, grad, b, t)
    gates = tape.gates[(t - 1) % len(tape.gates)]
    dz_sum = grad.dz_sum[at : at + R]
    dz = dz_sum.reshape(1, R, 4 * plan.H) if L == 1 else grad.dz  # one level is the sum of levels
    backward_factors(gates, tape.c[t - 1], tape.c[t], grad.factors)
    for level in range(L):
        lstm_step_backward(grad.factors, gates, dhhat[level], grad.dc[level], dz[level])  # B.1*
    if L > 1:
        dz_sum[:] = dz[0]
        for level in range(1, L):
            add(dz_sum, dz[level])
    carry(plan, weights, grad, dz, t)


@jit_part
def _read_step(
    plan: Plan, weights: Weights, tape: TapeBuffers, scratch: Scratch, grad: GradientBuffers, b: int, t: int
) -> np.ndarray:
    """dh of step t -> dhhat (L,R,H), through the read of step t as well."""
    R, L, N = plan.R, plan.L, slots_before(t, plan.first_slot, plan.k_att)
    at = (t - 1) % plan.P * R
    dq_sum = grad.dq_sum[at : at + R]
    dq_sum[:] = 0
    if N == 0:
        return grad.dh
    grad.ds[:] = grad.dh  # B.3*
    add(grad.ds[plan.loss_level], grad.ds_loss[at : at + R])  # B.3*
    query(plan, weights, tape.hhat[t - 1], scratch)
    grad.dq[:] = 0
    for r in range(min(R, plan.B - b * R)):
        read_backward(plan, weights, tape, scratch, grad, r, t, N)  # B.2*
    for level in range(L):
        add(dq_sum, grad.dq[level])
    if not plan.score_grad:
        return grad.dh
    query_backward(plan, weights, tape, grad, t)
    add(grad.dhhat, grad.dh)  # B.2*, B.3*
    return grad.dhhat


@jit_part
def _finish(plan: Plan, weights: Weights, tape: TapeBuffers, grad: GradientBuffers) -> None:
    """What step 0 collects: h0 as the first slot; and the weights' share of the slots collected last."""
    if plan.first_slot == 0:
        slot_credit(plan, weights, tape, grad, np.int64(0), grad.dh[0])
    if grad.collected[0] > 0:
        key_weights_backward(grad)
