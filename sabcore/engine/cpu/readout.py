"""The output layer over a panel of steps of one block, forward and backward: the equation of `sabcore.step.readout`.

Steps lo+1..hi of block b; a row of a product is a step and a batch row.
"""

from __future__ import annotations

import numpy as np

from sabcore.engine.cpu.buffers import GradientBuffers, Scratch, TapeBuffers
from sabcore.engine.cpu.jit import jit_part
from sabcore.engine.cpu.plan import Plan, Weights
from sabcore.engine.cpu.sums import add


@jit_part
def readout(
    plan: Plan, weights: Weights, tape: TapeBuffers, scratch: Scratch, y: np.ndarray, b: int, lo: int, hi: int
) -> None:
    """The tape's h and s -> y (T,B,O)."""
    rows = (hi - lo) * plan.R
    y_h, y_s = scratch.y_h[:rows], scratch.y_s[:rows]
    np.dot(tape.h[lo + 1 : hi + 1].reshape(rows, plan.H), weights.V_h_T, y_h)  # Y.1
    if plan.memory:
        np.dot(tape.s[lo:hi].reshape(rows, plan.H), weights.V_s_T, y_s)  # Y.1
    for t in range(lo, hi):
        for r in range(min(plan.R, plan.B - b * plan.R)):
            for u in range(plan.O):
                at = (t - lo) * plan.R + r
                y[t, b * plan.R + r, u] = y_h[at, u] + y_s[at, u] + weights.d[u]  # Y.1


@jit_part
def readout_backward(
    plan: Plan, weights: Weights, grad: GradientBuffers, dy: np.ndarray, b: int, lo: int, hi: int
) -> None:
    """dy (T,B,O) -> grad.dy, and the loss's own gradients of h and s: grad.dh_loss, grad.ds_loss."""
    rows, R = (hi - lo) * plan.R, plan.R
    for t in range(lo, hi):
        for r in range(min(R, plan.B - b * R)):
            for u in range(plan.O):
                grad.dy[(t - lo) * R + r, u] = dy[t, b * R + r, u]
    np.dot(grad.dy[:rows], weights.V_h, grad.dh_loss[:rows])  # Y.1*
    if plan.memory:
        np.dot(grad.dy[:rows], weights.V_s, grad.ds_loss[:rows])  # Y.1*


@jit_part
def readout_weights_backward(plan: Plan, tape: TapeBuffers, grad: GradientBuffers, lo: int, hi: int) -> None:
    """grad.dy -> adds to dV_h, dV_s and dd."""
    rows = (hi - lo) * plan.R
    dy = grad.dy[:rows]
    for row in range(rows):
        add(grad.dd, dy[row])  # Y.1*
    np.dot(dy.T, tape.h[lo + 1 : hi + 1].reshape(rows, plan.H), grad.of_dV)  # Y.1*
    add(grad.dV_h, grad.of_dV)  # Y.1*
    if plan.memory:
        np.dot(dy.T, tape.s[lo:hi].reshape(rows, plan.H), grad.of_dV)  # Y.1*
        add(grad.dV_s, grad.of_dV)  # Y.1*
