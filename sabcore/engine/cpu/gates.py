"""The LSTM's matrix products, forward and backward: for a panel of steps at once, except what awaits the state.

Steps lo+1..hi of block b; a row of a product is a step and a batch row.
"""

from __future__ import annotations

import numpy as np

from sabcore.engine.cpu.buffers import GradientBuffers, Scratch, TapeBuffers
from sabcore.engine.cpu.jit import jit, jit_part
from sabcore.engine.cpu.lstm import activate
from sabcore.engine.cpu.plan import Plan, Weights
from sabcore.engine.cpu.sums import add


@jit
def gather_inputs(plan: Plan, x: np.ndarray, b: int, lo: int, hi: int, inputs: np.ndarray) -> None:
    """x (T,B,I) -> inputs[:, :I+1] = [x 1]."""
    one = x.dtype.type(1)
    for t in range(lo, hi):
        for r in range(min(plan.R, plan.B - b * plan.R)):
            row = inputs[(t - lo) * plan.R + r]
            for u in range(plan.I):
                row[u] = x[t, b * plan.R + r, u]
            row[plan.I] = one


@jit
def gates_of_inputs(
    plan: Plan, weights: Weights, tape: TapeBuffers, scratch: Scratch, x: np.ndarray, b: int, lo: int, hi: int
) -> None:
    """W_ih x + b of a whole panel, or of the last part of one, as one product into the tape's gates."""
    rows, at = (hi - lo) * plan.R, lo % len(tape.gates)
    gather_inputs(plan, x, b, lo, hi, scratch.inputs)
    np.dot(scratch.inputs[:rows], weights.W_in, tape.gates[at : at + hi - lo].reshape(rows, 4 * plan.H))  # L.1


@jit
def gates_of_step(plan: Plan, weights: Weights, tape: TapeBuffers, scratch: Scratch, t: int) -> np.ndarray:
    """The activated gates (R,4H) of step t, in the tape; `gates_of_inputs` was there before."""
    gates = tape.gates[(t - 1) % len(tape.gates)]
    np.dot(tape.h[t - 1], weights.W_hh_T, scratch.z)  # L.1
    activate(gates, scratch.z)
    return gates


@jit_part
def gates_backward(
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
    """grad.dz_sum -> dx (T,B,I); adds to dW."""
    rows, R, I = (hi - lo) * plan.R, plan.R, plan.I  # noqa: E741
    inputs, dz = grad.inputs[:rows], grad.dz_sum[:rows]
    gather_inputs(plan, x, b, lo, hi, inputs)
    inputs[:, I + 1 :] = tape.h[lo:hi].reshape(rows, plan.H)
    np.dot(dz.T, inputs, grad.of_dW)  # L.1*
    add(grad.dW, grad.of_dW)  # L.1*
    np.dot(dz, weights.W_ih, grad.dx[:rows])  # L.1*
    for t in range(lo, hi):
        for r in range(min(R, plan.B - b * R)):
            dx[t, b * R + r] = grad.dx[(t - lo) * R + r]
