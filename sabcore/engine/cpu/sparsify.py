"""Which slots a row reads and with what weight, and the way back: `sabcore.step.sparsify` for one row's list.

A list is n slots and their scores, ranked where the rule ranks. `idx` (N or cap,), `a` likewise.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sabcore.engine.cpu.buffers import Scratch
from sabcore.engine.cpu.jit import jit
from sabcore.engine.cpu.plan import Plan
from sabcore.engine.cpu.topk import select_row
from sabcore.engine.cpu.vectormath import exp
from sabcore.engine.rules import RAW, SOFTMAX, THRESHOLD


@jit
def rule_for(plan: Plan, N: int) -> int:
    """The rule that applies to a memory of N >= 1 slots: THRESHOLD, SOFTMAX, SOFTMAX_SMALL or RAW."""
    if plan.sparsifier == SOFTMAX or N > plan.k_top:
        return plan.sparsifier
    return plan.small_memory


@jit
def select(plan: Plan, N: int, scratch: Scratch) -> int:
    """scratch.scores (N,) -> how many slots have weight or gradient; they and their scores stand in idx and a."""
    scores, idx, a, rule = scratch.scores, scratch.idx, scratch.a, rule_for(plan, N)
    if rule == THRESHOLD:
        r = min(plan.rank, N)
        _select_first(N, r, scratch)
        return _append_active(plan, N, scores, r, idx, a) if plan.margin < 0 else r
    if rule == SOFTMAX and 0 < plan.k_top < N:
        _select_first(N, plan.k_top, scratch)
        return plan.k_top
    for j in range(N):
        idx[j], a[j] = j, scores[j]
    return N


@jit
def _select_first(N: int, k: int, scratch: Scratch) -> None:
    found, found_a, order, rank = scratch.found, scratch.found_a, scratch.order, scratch.rank
    select_row(scratch.scores, N, k, scratch.idx, scratch.a, found, found_a, order, rank)


@jit
def keeps_sent(plan: Plan) -> bool:
    """Whether the tape keeps of each read, which is of every slot, the slots that send gradient and their weights."""
    return plan.k_top < 0 and plan.k_back > 0


@jit
def select_sent(plan: Plan, N: int, scratch: Scratch) -> int:
    """After a read of every slot: how many send gradient; they stand in idx, their weights in a."""
    n, w = min(plan.k_back, N), scratch.w
    _select_first(N, n, scratch)
    for i in range(n):
        scratch.a[i] = w[scratch.idx[i]]
    return n


@jit
def sent_of_list(plan: Plan, n: int, scratch: Scratch) -> int:
    """The list a (n,) -> how many of its entries send gradient; which, stands in sent."""
    if plan.k_back == 0 or n <= plan.k_back:
        for i in range(n):
            scratch.sent[i] = i
        return n
    found, found_a, order, rank = scratch.found, scratch.found_a, scratch.order, scratch.rank
    select_row(scratch.a, n, plan.k_back, scratch.sent, scratch.sent_a, found, found_a, order, rank)
    return plan.k_back


@jit
def _append_active(plan: Plan, N: int, scores: np.ndarray, r: int, idx: np.ndarray, a: np.ndarray) -> int:
    """After the r first of the ranking, the slots that a negative margin lets in: those within it of theta."""
    n, theta, last = r, a[r - 1], idx[r - 1]
    zero = scores.dtype.type(0)
    for j in range(N):
        ranked = scores[j] > theta or (scores[j] == theta and j <= last)
        if not ranked and scores[j] - theta - plan.margin > zero:
            idx[n], a[n] = j, scores[j]
            n += 1
    return n


@jit
def weigh(plan: Plan, N: int, n: int, a: np.ndarray, w: np.ndarray) -> None:
    """a (n,) -> w (n,)."""
    rule = rule_for(plan, N)
    if rule == RAW:
        for i in range(n):
            w[i] = a[i]  # R.1
    elif rule == THRESHOLD:
        total = _excess(plan, N, n, a, w)
        for i in range(n):
            w[i] /= total  # S.4
    else:
        _softmax(plan.temperature if rule == SOFTMAX else w.dtype.type(1), n, a, w)


@jit
def _excess(plan: Plan, N: int, n: int, a: np.ndarray, v: np.ndarray) -> Any:
    """a (n,) -> S, and v (n,) into `v`."""
    zero, total = a.dtype.type(0), a.dtype.type(0)
    theta = a[min(plan.rank, N) - 1]  # S.1
    for i in range(n):
        excess = a[i] - theta - plan.margin  # S.2
        v[i] = excess if excess > zero else zero  # S.2
        total += v[i]
    return total + plan.eps  # S.3


@jit
def _softmax(temperature: Any, n: int, a: np.ndarray, w: np.ndarray) -> None:
    largest, total = a[0], a.dtype.type(0)
    for i in range(n):
        largest = a[i] if a[i] > largest else largest
    for i in range(n):
        w[i] = exp((a[i] - largest) / temperature)  # F.1, F.2
    for i in range(n):
        total += w[i]
    for i in range(n):
        w[i] /= total  # F.2


@jit
def weigh_backward(plan: Plan, N: int, n: int, a: np.ndarray, w: np.ndarray, dw: np.ndarray, da: np.ndarray) -> None:
    """a w dw (n,) -> da (n,), on one gradient level."""
    rule, mean = rule_for(plan, N), a.dtype.type(0)
    if rule == RAW:
        for i in range(n):
            da[i] = dw[i]  # R.1*
        return
    best = dw[0] if rule == THRESHOLD else a.dtype.type(0)
    for i in range(n):
        mean += (dw[i] - best) * w[i]
    if rule == THRESHOLD:
        zero, one, total = a.dtype.type(0), a.dtype.type(1), a.dtype.type(0)
        scale, last = one / _excess(plan, N, n, a, da), min(plan.rank, N) - 1
        rest = best * plan.eps * scale  # sum w = 1 - eps / S: measured from the best slot's dw, nothing cancels there
        for i in range(n):
            da[i] = (dw[i] - best - mean + rest) * scale if da[i] > zero else zero  # S.2*, S.3*, S.4*
            total += da[i]
        da[last] -= total  # S.1*
        return
    softmax_backward(plan.temperature if rule == SOFTMAX else a.dtype.type(1), n, w, dw, mean, da)


@jit
def softmax_backward(temperature: Any, n: int, w: np.ndarray, dw: np.ndarray, mean: Any, da: np.ndarray) -> None:
    """w dw (n,) and mean = sum_j w_j dw_j over all that is read -> da (n,), on one gradient level."""
    for i in range(n):
        da[i] = w[i] * (dw[i] - mean) / temperature  # F.1*, F.2*
