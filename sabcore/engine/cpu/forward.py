"""The forward time loop, compiled: blocks of batch rows over the cores, or one row's scores over the cores."""

from __future__ import annotations

import numpy as np
from numba import prange

from sabcore.engine.cpu.borrow import block_of, borrowed
from sabcore.engine.cpu.buffers import Scratch, TapeBuffers
from sabcore.engine.cpu.gates import gates_of_inputs, gates_of_step
from sabcore.engine.cpu.jit import jit, jit_entry, jit_part
from sabcore.engine.cpu.lstm import lstm_step
from sabcore.engine.cpu.plan import Plan, Weights
from sabcore.engine.cpu.read import read
from sabcore.engine.cpu.readout import readout
from sabcore.engine.cpu.score import query, score_range, write_keys
from sabcore.engine.cpu.slots import slots_before

#: Terms (slots times units) of a step's scores from which on they are shared between cores, some 50 us on one; and a
#: share's size. Threads meet at every such step, which on a busy machine costs far more than on an idle one.
SPLIT_TERMS, SHARE_TERMS = 1 << 19, 1 << 16


@jit_entry()
def forward_block(
    plan: Plan,
    all_weights: Weights,
    all_tape: TapeBuffers,
    all_scratch: Scratch,
    all_x: np.ndarray,
    all_y: np.ndarray,
    lo: int,
    hi: int,
    b: int,
) -> None:
    """Steps lo+1..hi of block b: x (T,B,I) -> y (T,B,O), the tape. lo is the start of a panel."""
    weights, tape, scratch = borrowed(all_weights), block_of(all_tape, b), block_of(all_scratch, b)
    x, y = borrowed(all_x), borrowed(all_y)
    for t in range(lo + 1, hi + 1):
        _begin_step(plan, weights, tape, scratch, x, b, t)
        N = slots_before(t, plan.first_slot, plan.k_att) if plan.memory else 0
        if N > 0:
            for r in range(min(plan.R, plan.B - b * plan.R)):
                score_range(plan, weights, tape, scratch, r, 0, N)  # M.1
                read(plan, tape, scratch, r, t, N)  # B.2
        _end_step(plan, weights, tape, scratch, y, b, t, hi)


@jit_entry(parallel=True)
def forward_one_row(
    plan: Plan, weights: Weights, tape: TapeBuffers, scratch: Scratch, x: np.ndarray, y: np.ndarray, lo: int, hi: int
) -> None:
    """The same for a batch of one row: once there are many slots, threads share each step's scores."""
    share = max(1, SHARE_TERMS // plan.U)
    for t in range(lo + 1, hi + 1):
        N = slots_before(t, plan.first_slot, plan.k_att) if plan.memory else 0
        split = N * plan.U >= SPLIT_TERMS
        _before_scores(plan, weights, tape, scratch, x, t, 0 if split else N)
        if split:
            for part in prange((N + share - 1) // share):
                start = np.int64(part) * share
                _share_of_scores(plan, weights, tape, scratch, start, min(N, start + share))
        _after_scores(plan, weights, tape, scratch, y, t, N, hi)


@jit
def _before_scores(
    plan: Plan, weights: Weights, tape: TapeBuffers, scratch: Scratch, x: np.ndarray, t: int, N: int
) -> None:
    """Step t of the only row, up to N scores."""
    tape_0, scratch_0 = block_of(tape, 0), block_of(scratch, 0)
    _begin_step(plan, borrowed(weights), tape_0, scratch_0, borrowed(x), 0, t)
    if N > 0:
        score_range(plan, borrowed(weights), tape_0, scratch_0, 0, 0, N)  # M.1


@jit
def _share_of_scores(plan: Plan, weights: Weights, tape: TapeBuffers, scratch: Scratch, lo: int, hi: int) -> None:
    score_range(plan, borrowed(weights), block_of(tape, 0), block_of(scratch, 0), 0, lo, hi)  # M.1


@jit
def _after_scores(
    plan: Plan, weights: Weights, tape: TapeBuffers, scratch: Scratch, y: np.ndarray, t: int, N: int, hi: int
) -> None:
    tape_0, scratch_0 = block_of(tape, 0), block_of(scratch, 0)
    if N > 0:
        read(plan, tape_0, scratch_0, 0, t, N)  # B.2
    _end_step(plan, borrowed(weights), tape_0, scratch_0, borrowed(y), 0, t, hi)


@jit_part
def _begin_step(
    plan: Plan, weights: Weights, tape: TapeBuffers, scratch: Scratch, x: np.ndarray, b: int, t: int
) -> None:
    """The LSTM step, and the query; h_t is hhat_t so far."""
    if (t - 1) % plan.P == 0:
        gates_of_inputs(plan, weights, tape, scratch, x, b, t - 1, min(t - 1 + plan.P, plan.T))
    gates = gates_of_step(plan, weights, tape, scratch, t)
    lstm_step(gates, tape.c[t - 1], tape.c[t], tape.h[t])  # B.1
    if plan.memory:
        tape.hhat[t - 1] = tape.h[t]  # B.1
        tape.s[t - 1] = 0
        tape.listed[t - 1] = 0
        if t == 1 and plan.first_slot == 0:
            write_keys(plan, weights, tape.h[0], 0, tape, scratch.q)
        query(plan, weights, tape.hhat[t - 1], scratch)


@jit_part
def _end_step(
    plan: Plan, weights: Weights, tape: TapeBuffers, scratch: Scratch, y: np.ndarray, b: int, t: int, hi: int
) -> None:
    """The new slot's key, and at the end of a panel its outputs."""
    if plan.memory and t % plan.k_att == 0:
        N = slots_before(t, plan.first_slot, plan.k_att)
        write_keys(plan, weights, tape.h[t], N, tape, scratch.q)  # B.4
    if t % plan.P == 0 or t == hi:
        readout(plan, weights, tape, scratch, y, b, (t - 1) // plan.P * plan.P, t)  # B.5
