"""Questions that have one answer: where rounding cannot tip a choice between scores, or grow until it shows."""

from __future__ import annotations

import math
from itertools import product

import numpy as np

from sabcore.compare.tensors import TINY
from sabcore.model.config import SABConfig
from sabcore.reference.conditioning import conditioning
from sabcore.validate.cases import ask
from sabcore.validate.observed import distance, largest
from sabcore.validate.ours import Hypothesis, answer
from sabcore.validate.question import Question

#: Every number is moved by this part of itself, some times; no result may move by more than `_MOVED` of its largest
#: value, or of `_CANCELLED` of its kind's. What 1e-11 leaves alone, float64's rounding of 1e-16 does not reach.
_NUDGE, _MOVED, _CANCELLED, _DRAWS = 1e-11, 1e-8, 1e-6, 2
#: How near scores of ordinary size may come to a choice, and how much the sparsifier may amplify their rounding.
_GAP, _AMPLIFIED = 1e-9, 1e4
#: Smaller parameters for configurations whose states grow, as raw weights let them.
_SCALES, _SEEDS = (1.0, 0.5, 0.25, 0.1, 0.03), 4


def well_posed(config: SABConfig, seed: int, T: int, B: int, states: bool = False, scores: float = 1.0) -> Question:
    """A random question that the right program answers in one way; the best of those tried, if none is found."""
    found: list[tuple[float, Question]] = []
    for scale, number in product(_SCALES, range(_SEEDS)):
        question = ask(config, seed + 1000 * number, T, B, states, scale, scores)
        run = conditioning(config.to_dict(), question.params, question.x, question.h0, question.c0)
        unsure = max(_GAP * scores / run.gap if run.gap else math.inf, run.amplification / _AMPLIFIED)
        unsure = unsure if unsure > 1 else _moved(config, question)
        if unsure <= 1:
            return question
        found.append((unsure, question))
    return min(found, key=lambda tried: tried[0])[1]


def _moved(config: SABConfig, question: Question) -> float:
    """How far nudging every number moves the right answer, in units of what it may."""
    rng, base, furthest = np.random.default_rng(0), answer(Hypothesis(config), question), 0.0
    for _ in range(_DRAWS):
        moved = answer(Hypothesis(config), _nudged(question, rng))
        if base is None or moved is None:
            return math.inf
        for gradients in (False, True):
            names = [name for name in base if name.startswith("grad.") == gradients]
            least = max(_CANCELLED * max(largest(base[name]) for name in names), TINY)
            by = (distance(moved[name], base[name]) / max(largest(base[name]), least) for name in names)
            furthest = max(furthest, *(far / _MOVED for far in by))
    return furthest


def _nudged(question: Question, rng: np.random.Generator) -> Question:
    def nudge(value: np.ndarray) -> np.ndarray:
        return value * (1 + _NUDGE * rng.choice((-1.0, 1.0), value.shape))

    params = {name: nudge(value) for name, value in question.params.items()}
    return question._replace(params=params, x=nudge(question.x))
