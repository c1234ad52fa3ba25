"""Section 4: what chains of reads do to a gradient: nothing through the values, anything through the scores."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from sabcore.proofs.theorems.claim import Claim
from sabcore.proofs.theorems.scale import jacobian
from sabcore.step.sparsify import Threshold

_STEPS = 40


def check() -> list[Claim]:
    return [_visits(), _through_scores()]


def _visits() -> Claim:
    """h_t = hhat_t + sum_j w_tj h_j, weights >= 0 that sum to at most 1: dh_T / dhhat_j by solving, and by walking."""
    rng, worst = np.random.default_rng(0), 0.0
    for _ in range(50):
        raw = np.tril(rng.gamma(0.1, size=(_STEPS, _STEPS)), -1)
        weights = raw / (raw.sum(axis=1, keepdims=True) + 1e-7)
        worst = max(worst, float(np.linalg.inv(np.eye(_STEPS) - weights)[-1].max()))
    visits = _walk(weights, rng, walks=4000)
    off = float(abs(visits - np.linalg.inv(np.eye(_STEPS) - weights)[-1]).max())
    return Claim(
        "4.1", "through values, a state's credit is the chance that a walk along the reads comes by, so at most 1",
        f"largest of 50 chains of {_STEPS} steps: {worst:.6f}; 4000 walks differ by {off:.3f}",
        worst <= 1 + 1e-9 and off < 5 * 0.5 / np.sqrt(4000),  # five standard errors of a share
    )  # fmt: skip


def _walk(weights: Any, rng: np.random.Generator, walks: int) -> Any:
    """The share of walks from the last step that come by each step; a walk at t goes to j with probability w_tj."""
    visits = np.zeros(len(weights))
    for _ in range(walks):
        at: int | None = len(weights) - 1
        while at is not None:
            visits[at] += 1
            stay = max(0.0, 1 - weights[at].sum())
            chances = np.append(weights[at], stay)
            goal = int(rng.choice(len(chances), p=chances / chances.sum()))
            at = goal if goal < len(weights) else None
    return visits / walks


def _through_scores() -> Claim:
    """The norm of ds/da = M^T J for memories that stay while the scores come closer."""
    rng = np.random.default_rng(1)
    M, spread, sparsifier = rng.standard_normal((20, 6)), rng.uniform(size=20), Threshold(4, 0.0, 1e-7)
    chosen = sparsifier.select(spread[:, None])[:, 0]
    gaps = (1.0, 1e-1, 1e-2, 1e-3)
    norms = [float(np.linalg.norm(M[chosen].T @ jacobian(sparsifier, 1 + gap * spread), 2)) for gap in gaps]
    told = ", ".join(f"{norm:.3g} at gap {gap:g}" for gap, norm in zip(gaps, norms, strict=True))
    tenfold = all(9.9 < after / before < 10.1 for before, after in pairwise(norms))
    return Claim("4.2", "through the scores a hop has no bound: ds/da grows as 1 / gap", told, tenfold)
