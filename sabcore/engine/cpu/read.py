"""One row's read of its memory, forward and backward: `sabcore.step.recall` on a list of slots."""

from __future__ import annotations

from sabcore.engine.cpu.buffers import GradientBuffers, Scratch, TapeBuffers
from sabcore.engine.cpu.jit import jit_part
from sabcore.engine.cpu.plan import Plan, Weights
from sabcore.engine.cpu.score import score_range, slopes
from sabcore.engine.cpu.slots import step_of
from sabcore.engine.cpu.sparsify import (
    keeps_sent,
    select,
    select_sent,
    sent_of_list,
    softmax_backward,
    weigh,
    weigh_backward,
)
from sabcore.engine.cpu.sums import add_scaled, dot


@jit_part
def read(plan: Plan, tape: TapeBuffers, scratch: Scratch, r: int, t: int, N: int) -> None:
    """Row r's scores of step t, already in `scratch` -> s, added to h too; the tape gets the list, if it fits."""
    idx, a, w, h, s = scratch.idx, scratch.a, scratch.w, tape.h, tape.s[t - 1, r]
    n = select(plan, N, scratch)
    weigh(plan, N, n, a, w)  # M.2
    for i in range(n):
        add_scaled(s, w[i], h[step_of(idx[i], plan.first_slot, plan.k_att), r])  # M.3
    add_scaled(h[t, r], s.dtype.type(1), s)  # B.3
    if keeps_sent(plan):
        n = select_sent(plan, N, scratch)
    fits = n <= plan.cap
    tape.listed[t - 1, r] = n if fits else -1
    if fits:
        for i in range(n):
            tape.slots[t - 1, r, i], tape.a[t - 1, r, i] = idx[i], a[i]


@jit_part
def recover(plan: Plan, weights: Weights, tape: TapeBuffers, scratch: Scratch, r: int, t: int, N: int) -> int:
    """The list of all that step t read back into `scratch`, from the tape, or selected again from the same bits."""
    n = tape.listed[t - 1, r]
    if n < 0 or keeps_sent(plan):
        score_range(plan, weights, tape, scratch, r, 0, N)
        n = select(plan, N, scratch)
    else:
        for i in range(n):
            scratch.idx[i], scratch.a[i] = tape.slots[t - 1, r, i], tape.a[t - 1, r, i]
    return n


@jit_part
def read_backward(
    plan: Plan,
    weights: Weights,
    tape: TapeBuffers,
    scratch: Scratch,
    grad: GradientBuffers,
    r: int,
    t: int,
    N: int,
) -> None:
    """grad.ds of row r at step t -> adds to dM, dkeys, dq and dw_a. The query of step t is in `scratch`."""
    idx, a, w, dw, da, ds_sum = scratch.idx, scratch.a, scratch.w, scratch.dw, scratch.da, grad.ds_sum
    if keeps_sent(plan):
        n = tape.listed[t - 1, r]
        for i in range(n):
            idx[i], w[i] = tape.slots[t - 1, r, i], tape.a[t - 1, r, i]
    else:
        n = recover(plan, weights, tape, scratch, r, t, N)
        weigh(plan, N, n, a, w)
    ds_sum[:] = 0
    for level in range(plan.L):
        add_scaled(ds_sum, ds_sum.dtype.type(1), grad.ds[level, r])
        for i in range(n):
            dw[level, i] = dot(grad.ds[level, r], tape.h[step_of(idx[i], plan.first_slot, plan.k_att), r])  # M.3*
        if keeps_sent(plan):
            mean = dot(grad.ds[level, r], tape.s[t - 1, r])  # sum_j w_j dw_j over every slot, for s = sum_j w_j m_j
            softmax_backward(plan.temperature, n, w, dw[level], mean, da[level])  # M.2*
        else:
            weigh_backward(plan, N, n, a, w, dw[level], da[level])  # M.2*
    for p in range(sent_of_list(plan, n, scratch)):
        i = scratch.sent[p]
        add_scaled(grad.dM[r, idx[i]], w[i], ds_sum)  # M.3*
        _score_backward(plan, weights, tape, scratch, grad, r, i, idx[i])  # M.1*


@jit_part
def _score_backward(
    plan: Plan,
    weights: Weights,
    tape: TapeBuffers,
    scratch: Scratch,
    grad: GradientBuffers,
    r: int,
    i: int,
    j: int,
) -> None:
    """da of entry i of the list, which is slot j -> dkeys, dq, dw_a."""
    da, total = scratch.da, scratch.da.dtype.type(0)
    for level in range(plan.L):
        total += da[level, i]
    if not plan.additive:
        grad.dkeys[r, j, 0] += total  # P.3*
        for level in range(plan.L):
            grad.dq[level, r, 0] += da[level, i]  # P.3*
        return
    slopes(plan, weights, tape, scratch, grad, r, j)
    add_scaled(grad.dw_a, total, grad.e)  # A.4*
    add_scaled(grad.dkeys[r, j], total, grad.slope)  # A.3*
    for level in range(plan.L):
        add_scaled(grad.dq[level, r], da[level, i], grad.slope)  # A.3*
