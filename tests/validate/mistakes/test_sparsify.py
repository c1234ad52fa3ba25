"""Mistakes in the sparsifiers: the engine then chooses, weighs and differentiates exactly what each sentence says."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from sabcore import SABConfig
from sabcore.validate.cases import ask
from sabcore.validate.mistakes.build import Copies
from sabcore.validate.mistakes.sparsify import SPARSIFY
from tests.validate.mistakes.model import Model, as_if, check, constant, relu, wrong

SIZES: dict[str, Any] = {"input_size": 3, "hidden_size": 4, "output_size": 5}
#: eps and margin large enough to count, and slots of the k_top + 1 that stay under the margin.
PAPER = SABConfig.paper(**SIZES, k_top=3, eps=0.2, margin=0.4)
RELEASED = dataclasses.replace(PAPER, threshold_rank="k_top")
SOFTMAX = SABConfig.self_attention(**SIZES, temperature=2.0)
RAW = SABConfig.dev2018(**SIZES, k_top=3)
TIES = "ties towards the newer slot"


def selected(v, r):
    """`max(0, v)` with the slope 1 in the r rows that are selected, under the threshold too."""
    order = np.argsort(np.argsort(-v.real, axis=0, kind="stable"), axis=0, kind="stable")
    return np.where(order < r, as_if(relu(v), v), 0)


def divided_by_v(self, v, S):
    """What is divided by S on the way there is divided by the sum of v on the way back."""
    w, of_v = v / S, v.real.sum(axis=0)
    return as_if(w, w * S.real / np.where(of_v > 0, of_v, 1))


def diagonal(self, w, z):
    w = w.real
    return w + 1j * w * (1 - w) * z.imag


WRONG: dict[str, tuple[SABConfig, type[Model]]] = {
    "threshold not differentiated": (PAPER, wrong(theta=lambda self, a, r: constant(self.at_rank(a, r)))),
    "threshold's gradient to the best slot": (
        PAPER,
        wrong(theta=lambda self, a, r: as_if(self.at_rank(a, r), self.at_rank(a, 1))),
    ),
    "threshold's gradient one rank too high": (
        PAPER,
        wrong(theta=lambda self, a, r: as_if(self.at_rank(a, r), self.at_rank(a, r - 1 or r))),
    ),
    "k-th for (k+1)-th largest": (PAPER, wrong(rank=lambda self: self.config.k_top)),
    "(k+1)-th for k-th largest": (RELEASED, wrong(rank=lambda self: self.config.k_top + 1)),
    "normaliser not differentiated": (PAPER, wrong(divided=lambda self, v, S: v / constant(S))),
    "normaliser differentiated twice": (PAPER, wrong(divided=lambda self, v, S: v * as_if(1 / S, 2 * (1 / S)))),
    "gradient into unread slots": (PAPER, wrong(above=lambda self, v, r: selected(v, r))),
    "eps forgotten on the way back": (PAPER, wrong(divided=divided_by_v)),
    "margin ignored": (PAPER, wrong(margin=lambda self: 0.0)),
    "temperature forgotten on the way back": (
        SOFTMAX,
        wrong(heated=lambda self, a, temperature: as_if(a / temperature, a)),
    ),
    "softmax differentiated as its diagonal": (SOFTMAX, wrong(of_exponentials=diagonal)),
    "raw weights' gradient lost": (RAW, wrong(raw=lambda self, a: constant(a))),
    "small memory read by the threshold": (RAW, wrong(small=lambda self: 0)),
    "small memory one slot too large": (RAW, wrong(small=lambda self: self.config.k_top + 1)),
}


def test_each_mistake_has_its_model():
    assert [mistake.name for mistake in SPARSIFY if mistake.name != TIES] == list(WRONG)


@pytest.mark.parametrize("mistake", [m for m in SPARSIFY if m.name != TIES], ids=lambda mistake: mistake.name)
def test_what_is_computed_is_what_the_sentence_says(mistake):
    config, model = WRONG[mistake.name]
    check(mistake, model, ask(config, 1, 9, 3, states=True, scale=0.5 if config is RAW else 1.0))


def test_ties_go_to_the_newer_slot():
    (ties,) = (mistake for mistake in SPARSIFY if mistake.name == TIES)
    scores = np.array([[1.0, 2.0], [3.0, 0.0], [1.0, 2.0], [3.0, 2.0]])
    ranking = Copies(ties.changes, {}).load("sabcore.step.sparsify").ranking
    assert ranking(scores).T.tolist() == [[3, 1, 2, 0], [3, 2, 0, 1]]
    assert Model.ranked(Model(ask(PAPER, 1, 2, 2)), scores).T.tolist() == [[1, 3, 0, 2], [0, 2, 3, 1]]
