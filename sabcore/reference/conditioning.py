"""How much the sparsifier amplifies rounding, so that a test can derive its tolerance instead of trying values.

A score is a sum of terms of size `bound`, hence rounded by about eps * bound. The threshold divides differences of
scores by S, so that a weight is off by about eps * bound / S, and its gradient relatively by as much. Where two scores
near the threshold are closer than the rounding, two correct programs may choose different slots.

Not covered: where a single slot is active, w = v / (v + eps) and the gradient of its score is dw (1/S - v/S^2), which
cancels down to dw eps / S^2. If every read is such a one, the score's gradients have lost log10(S / eps) digits; a
separable score's query weights cancel altogether. Only a measurement tells by how much.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from .replay import record
from .score import score_bound
from .sparsify import Choice


class Conditioning(NamedTuple):
    """What a run's memory reads do to rounding.

    Attributes:
        S: the smallest normaliser S of a threshold, over the steps and rows that read something; inf if none does.
        gap: the smallest distance of another slot's score from theta, from theta + margin, or, for a softmax over the
            k_top largest, between the last score kept and the first dropped; under k_back also between the last score
            that sends gradient and the next, where that decides anything; inf if there is no such pair.
        bound: the largest |a| that the score's weights allow; 0 without a memory.
        amplification: the rounding error of a weight in units of the machine's eps: the largest of bound / S over
            threshold reads, bound / temperature over softmax ones, bound over raw ones; 0 if nothing is read.
    """

    S: float
    gap: float
    bound: float
    amplification: float


def conditioning(
    config: Mapping[str, Any], params: Mapping[str, Any], x: Any, h0: Any = None, c0: Any = None
) -> Conditioning:
    """x (T,B,I), h0 c0 (B,H) or None -> the run's conditioning."""
    base = record(config, params, x, h0, c0)
    reads = [(choice, a) for choice, a in zip(base.choice, base.a, strict=True) if choice is not None and a is not None]
    if not reads:
        return Conditioning(math.inf, math.inf, 0.0, 0.0)
    bound = score_bound(config["score"], {name: np.asarray(value) for name, value in params.items()})
    S = min(_smallest_S(config, *read) for read in reads)
    gap = min(_smallest_gap(config, *read) for read in reads)
    slopes = [1 / choice.temperature for choice, _ in reads if choice.rule != "threshold"] + [1 / S]
    return Conditioning(S, gap, bound, bound * max(slopes))


def _theta(choice: Choice, a: np.ndarray) -> np.ndarray:
    """Scores a (N,B) -> the one at the threshold's rank, (1,B)."""
    return np.take_along_axis(a, choice.order[choice.rank][None], axis=0)


def _smallest_S(config: Mapping[str, Any], choice: Choice, a: np.ndarray) -> float:
    if choice.rule != "threshold":
        return math.inf
    v = np.where(choice.active, a - _theta(choice, a) - config["margin"], 0)
    return float(np.where(choice.active.any(axis=0), v.sum(axis=0) + config["eps"], np.inf).min())


def _smallest_gap(config: Mapping[str, Any], choice: Choice, a: np.ndarray) -> float:
    ranked = np.take_along_axis(a, choice.order, axis=0)
    gap = _credit_gap(config, choice, ranked)
    if choice.rule == "threshold":
        above = np.delete(ranked, choice.rank, axis=0) - _theta(choice, a)
        return min(gap, *(float(np.abs(above - edge).min(initial=np.inf)) for edge in (0.0, config["margin"])))
    kept = int(choice.active[:, 0].sum())
    return min(gap, float((ranked[kept - 1] - ranked[kept]).min())) if kept < len(ranked) else gap


def _credit_gap(config: Mapping[str, Any], choice: Choice, ranked: np.ndarray) -> float:
    """Between the last score, ranked (N,B), that sends gradient and the next; inf where neither would send any."""
    last = (config["k_back"] or len(ranked)) - 1
    if last + 1 >= len(ranked):
        return math.inf
    sends = np.take_along_axis(choice.active, choice.order, axis=0)
    if choice.rule == "threshold":
        sends[choice.rank] = True
    gaps = (ranked[last] - ranked[last + 1])[sends[last] | sends[last + 1]]
    return float(gaps.min(initial=np.inf))
