"""Which slots a row reads and with what weight, and the way back: `sabcore.step.sparsify` for one block's list.

A list is n slots and their scores, ranked where the rule ranks; thread i works on entries i, i + threads, ... All
threads of a block must call each function; they leave it in step, unless it says otherwise.
"""

from __future__ import annotations

import math
from typing import Any

from numba import cuda

from sabcore.engine.cuda.device_math import block_max, block_sum, index
from sabcore.engine.cuda.topk import select_row
from sabcore.engine.rules import RAW, SOFTMAX, THRESHOLD


@cuda.jit(device=True)
def rule_for(plan: Any, N: int) -> int:
    """The rule that applies to a memory of N >= 1 slots: THRESHOLD, SOFTMAX, SOFTMAX_SMALL or RAW."""
    if plan.sparsifier == SOFTMAX or N > plan.k_top:
        return plan.sparsifier
    return plan.small_memory


@cuda.jit(device=True)
def select(plan: Any, N: int, scores: Any, idx: Any, a: Any, some_idx: Any, some_a: Any) -> int:
    """scores[:N] -> how many slots have weight or gradient; they and their scores stand in idx and a."""
    rule, r = rule_for(plan, N), N
    if rule == THRESHOLD:
        r = min(plan.rank, N)
    elif rule == SOFTMAX and plan.k_top > 0:
        r = min(plan.k_top, N)
    if rule == THRESHOLD or r < N:
        select_row(scores, N, r, idx, a, some_idx, some_a)
        if rule == THRESHOLD and plan.margin < 0:
            return _append_active(plan, N, scores, r, idx, a)
        return r
    j = index(cuda.threadIdx.x)
    while j < N:
        idx[j], a[j] = j, scores[j]
        j = index(j + cuda.blockDim.x)
    cuda.syncthreads()
    return N


@cuda.jit(device=True)
def _append_active(plan: Any, N: int, scores: Any, r: int, idx: Any, a: Any) -> int:
    """After the r first of the ranking, the slots that a negative margin lets in: those within it of theta.

    There hardly ever is one, so the search is shared by all threads and the appending left to one.
    """
    theta, last = a[r - 1], index(idx[r - 1])
    found = 0
    j = index(cuda.threadIdx.x)
    while j < N:
        if _is_let_in(plan, scores[j], j, theta, last):
            found = 1
        j = index(j + cuda.blockDim.x)
    if not cuda.syncthreads_or(found):
        return r
    n = r
    for j in range(N):
        if _is_let_in(plan, scores[index(j)], index(j), theta, last):
            if cuda.threadIdx.x == 0:
                idx[n], a[n] = j, scores[j]
            n += 1
    cuda.syncthreads()
    return n


@cuda.jit(device=True)
def _is_let_in(plan: Any, score: Any, j: int, theta: Any, last: int) -> bool:
    ranked = score > theta or (score == theta and j <= last)
    return not ranked and score - theta - plan.margin > 0


@cuda.jit(device=True)
def _excess(plan: Any, score: Any, theta: Any) -> Any:
    v = score - theta - plan.margin  # S.2
    return v if v > 0 else type(v)(0)  # S.2


@cuda.jit(device=True)
def weigh(plan: Any, N: int, n: int, a: Any, w: Any, part: Any) -> Any:
    """a[:n] -> w[:n], complete at the next barrier; returns S by S.3, or the sum that a softmax divides by."""
    tid, threads, rule = cuda.threadIdx.x, cuda.blockDim.x, rule_for(plan, N)
    if rule == RAW:
        i = index(tid)
        while i < n:
            w[i] = a[i]  # R.1
            i = index(i + threads)
        return plan.eps
    if rule == THRESHOLD:
        theta = a[min(plan.rank, N) - 1]  # S.1
        i = index(tid)
        while i < n:
            w[i] = _excess(plan, a[i], theta)
            i = index(i + threads)
        cuda.syncthreads()
        total = block_sum(w, n, part) + plan.eps  # S.3
    else:
        largest, scale = block_max(a, n, part), temperature_of(plan, rule)
        i = index(tid)
        while i < n:
            w[i] = math.exp((a[i] - largest) / scale)  # F.1, F.2
            i = index(i + threads)
        cuda.syncthreads()
        total = block_sum(w, n, part)
    i = index(tid)
    while i < n:
        w[i] /= total  # S.4, F.2
        i = index(i + threads)
    return total


@cuda.jit(device=True)
def temperature_of(plan: Any, rule: int) -> Any:
    """What divides the scores: nothing while a softmax stands in for the threshold."""
    return plan.temperature if rule == SOFTMAX else type(plan.temperature)(1)


@cuda.jit(device=True)
def weigh_backward(plan: Any, N: int, n: int, a: Any, w: Any, S: Any, dw: Any, da: Any, part: Any) -> None:
    """a w dw [:n], S -> da[:n], on one gradient level."""
    tid, threads, rule = cuda.threadIdx.x, cuda.blockDim.x, rule_for(plan, N)
    if rule == RAW:
        i = index(tid)
        while i < n:
            da[i] = dw[i]  # R.1*
            i = index(i + threads)
        cuda.syncthreads()
        return
    if rule == THRESHOLD:
        _threshold_backward(plan, min(plan.rank, N) - 1, n, a, w, S, dw, da, part)
        return
    i = index(tid)
    while i < n:
        da[i] = dw[i] * w[i]
        i = index(i + threads)
    cuda.syncthreads()
    mean, scale = block_sum(da, n, part), temperature_of(plan, rule)
    i = index(tid)
    while i < n:
        da[i] = w[i] * (dw[i] - mean) / scale  # F.1*, F.2*
        i = index(i + threads)
    cuda.syncthreads()


@cuda.jit(device=True)
def _threshold_backward(plan: Any, last: int, n: int, a: Any, w: Any, S: Any, dw: Any, da: Any, part: Any) -> None:
    """sum w = 1 - eps / S: measured from the best slot's dw nothing cancels where one slot has nearly all weight."""
    tid, threads = cuda.threadIdx.x, cuda.blockDim.x
    theta, best = a[last], dw[0]
    i = index(tid)
    while i < n:
        da[i] = (dw[i] - best) * w[i]
        i = index(i + threads)
    cuda.syncthreads()
    shift = best * (plan.eps / S) - block_sum(da, n, part)
    i = index(tid)
    while i < n:
        active = _excess(plan, a[i], theta) > 0
        da[i] = (dw[i] - best + shift) / S if active else type(S)(0)  # S.2*, S.3*, S.4*
        i = index(i + threads)
    cuda.syncthreads()
    total = block_sum(da, n, part)
    if tid == 0:
        da[last] -= total  # S.1*
    cuda.syncthreads()
