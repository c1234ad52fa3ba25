"""Section 2: which slots are read, which get a score gradient, and what the separable score forgets."""

from __future__ import annotations

from typing import Any

import numpy as np

from sabcore.proofs.theorems.claim import Claim
from sabcore.step.score import SeparableScore
from sabcore.step.sparsify import Softmax, Threshold

_SLOTS, _DRAWS = 30, 400


def check() -> list[Claim]:
    return [_paper(), _released(), _rank_one(), _forgets()]


def _counts(sparsifier: Threshold) -> tuple[set[int], set[int]]:
    """How many slots had weight, and how many a score gradient, over random scores and gradients of weights."""
    a, dw = (np.random.default_rng(seed).standard_normal((_SLOTS, _DRAWS)) for seed in (0, 1))
    chosen = sparsifier.select(a)
    a, dw = np.take_along_axis(a, chosen, axis=0), np.take_along_axis(dw, chosen, axis=0)
    w = sparsifier.weights(a)
    da = sparsifier.backward(dw[None], a, w)[0]
    return {int(n) for n in (w != 0).sum(axis=0)}, {int(n) for n in (da != 0).sum(axis=0)}


def _paper() -> Claim:
    found = {k_top: _counts(Threshold(k_top + 1, 0.0, 1e-7)) for k_top in (1, 2, 5, 10)}
    right = all(found[k_top] == ({k_top}, {k_top + 1}) for k_top in found)
    return Claim("2.1", "the paper's rank reads k_top slots and gives k_top + 1 a score gradient", _told(found), right)


def _released() -> Claim:
    found = {k_top: _counts(Threshold(k_top, 0.0, 1e-7)) for k_top in (2, 5, 10)}
    right = all(found[k_top] == ({k_top - 1}, {k_top}) for k_top in found)
    return Claim(
        "2.2", "the released code's rank reads k_top - 1 and gives k_top a score gradient", _told(found), right
    )


def _rank_one() -> Claim:
    found = {1: _counts(Threshold(1, 0.0, 1e-7))}
    return Claim("2.3", "at rank 1 nothing is read and nothing gets a gradient", _told(found), found[1] == ({0}, {0}))


def _told(found: dict[int, tuple[set[int], set[int]]]) -> str:
    told = (
        f"{k}: {'/'.join(map(str, w))} read, {'/'.join(map(str, da))} with gradient" for k, (w, da) in found.items()
    )
    return f"{_DRAWS} draws of {_SLOTS} slots, k_top " + "; ".join(told)


def _forgets() -> Claim:
    """The query's gradient, over the keys', in units of the machine's epsilon."""
    rng = np.random.default_rng(2)
    score = SeparableScore(rng.standard_normal(6), rng.standard_normal(6))
    k, worst, moved = rng.standard_normal((_SLOTS, _DRAWS)), 0.0, 0
    for sparsifier in (Threshold(6, 0.0, 1e-7), Softmax(1.0, 5)):
        queries = np.zeros(_DRAWS), rng.standard_normal(_DRAWS)
        chosen: list[Any] = [sparsifier.select(score.score(k, q)) for q in queries]
        moved += int((chosen[0] != chosen[1]).any(axis=0).sum())
        a = np.take_along_axis(k, chosen[0], axis=0)
        da = sparsifier.backward(rng.standard_normal((1, *a.shape)), a, sparsifier.weights(a))
        dk, dq, _ = score.score_backward(da, a, np.zeros(_DRAWS))
        worst = max(worst, float((abs(dq[0]) / abs(dk).sum(axis=0)).max()))
    eps = np.finfo(float).eps
    return Claim(
        "2.4", "the separable score forgets its query", f"dq is {worst / eps:.1f} roundings of the keys' gradients; "
        f"{moved} of {2 * _DRAWS} selections moved with the query", bool(worst < _SLOTS * eps and moved == 0),
    )  # fmt: skip
