"""How steep the weights of a threshold were: the largest 1/S of a forward pass, from the scores that its tape kept."""

from __future__ import annotations

import math
from typing import Any

from sabcore.array.library import Array, array_module
from sabcore.engine import Tape
from sabcore.model.config import SABConfig
from sabcore.step.sparsify import Threshold, make_sparsifier


def largest_inverse(tape: Tape) -> float:
    """max 1/S over all reads of the batch by a threshold; NaN without any.

    S is the sum by which a threshold divides (S.3), and weights move 1/S times as far as scores do. What reads nothing
    does not count: of a single slot v is 0, and S eps. Nor does a read of which the CPU or the CUDA engine keeps no
    scores: one with more ties than fit, which takes a negative margin.
    """
    config, record, xp = tape.config, tape.record, array_module(tape.x)
    steps = range(_first(config, len(tape.x)), len(tape.x) + 1)
    if not steps:
        return math.nan
    v = _of_recalls(config, record, steps) if record.engine == "plain" else _of_lists(config, record, steps)
    largest = xp.where(v > 0, 1 / (v + config.eps), 0).max().item()
    return largest if largest > 0 else math.nan


def _first(config: SABConfig, T: int) -> int:
    """The first of T steps that reads by a threshold, as do all after it; T + 1 if none does."""
    if not config.has_memory or config.sparsifier != "threshold":
        return T + 1
    sizes = ((t, config.slots_before(t)) for t in range(1, T + 1))
    return next((t for t, N in sizes if N and isinstance(make_sparsifier(config, N), Threshold)), T + 1)


def _of_recalls(config: SABConfig, record: Any, steps: range) -> Array:
    """sum_j v_j (reads,), from a cache a step."""
    rules = {t: make_sparsifier(config, config.slots_before(t)) for t in steps}
    v = [rule.excess(record.recalls[t - 1].a).sum(axis=0) for t, rule in rules.items() if isinstance(rule, Threshold)]
    return array_module(record.x).concatenate(v)


def _of_lists(config: SABConfig, record: Any, steps: range) -> Array:
    """sum_j v_j (reads,), from a list a read, the last score of which is theta; 0 where the tape keeps none."""
    xp, (a, n), t, found = array_module(record.x), _lists(record), steps[0], []
    while t <= steps[-1]:
        N, cap = config.slots_before(t), a.shape[-1]
        last = t if N < cap else steps[-1]  # lists grow with the memory, up to cap, and have one length from then on
        ranked = a[..., t - 1 : last, :, : min(N, cap)]
        v = xp.maximum(ranked - ranked[..., -1:] - config.margin, 0)
        found.append(xp.where(n[..., t - 1 : last, :] == min(N, cap), xp.einsum("...j->...", v), 0).reshape(-1))
        t = last + 1
    return xp.concatenate(found)


def _lists(record: Any) -> tuple[Array, Array]:
    """What a compiled engine kept of each read: its scores (...,T,rows,cap), and how many they are (...,T,rows)."""
    if record.engine == "cuda":
        return record.rows.scores, record.rows.counts
    xp, (blocks, _, R) = array_module(record.x), record.buffers.listed.shape
    row = xp.arange(blocks * R).reshape(blocks, 1, R)
    return record.buffers.a, xp.where(row < record.plan.B, record.buffers.listed, 0)  # the last block is padded
