"""What ports do instead of sparsifying: weights and gradients are what each sentence says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sabcore import SABConfig
from sabcore.validate.cases import ask
from sabcore.validate.mistakes.weights import WEIGHTS
from sabcore.validate.ours import Hypothesis, answer
from tests.validate.mistakes.model import Model, check, relu, sigmoid, wrong

SIZES: dict[str, Any] = {"input_size": 3, "hidden_size": 4, "output_size": 5}
CONFIG = SABConfig.paper(**SIZES, k_top=2, eps=0.2, margin=0.05)
RAW = SABConfig.dev2018(**SIZES, k_top=2, eps=0.2)
BY_NAME = {mistake.name: mistake for mistake in WEIGHTS}


def mixed(of_sequence, N):
    """(1,B) -> (N,1,B): element (b, n) meets the number of sequence (b N + n) mod B."""
    B = of_sequence.shape[-1]
    return np.array([[of_sequence[0, (b * N + n) % B] for b in range(B)] for n in range(N)])[:, None]


def across(theta, total):
    """The threshold rule with thresholds, sums or both of other sequences."""

    def threshold(self, a, r):
        of_row = self.at_rank(a, r)[0]
        v = relu(a - (mixed(of_row, len(a)) if theta else of_row) - self.margin())
        S = v.sum(axis=0) + self.config.eps
        return v / (mixed(S, len(a)) if total else S)

    return wrong(threshold=threshold)


WRONG: dict[str, type[Model]] = {
    "row-mixed thresholds": across(theta=True, total=False),
    "row-mixed sums": across(theta=False, total=True),
    "row-mixed thresholds and sums": across(theta=True, total=True),
    "sigmoid weights": wrong(weights=lambda self, a: sigmoid(a)),
    "raw weights over every slot": wrong(weights=lambda self, a: a),
    "divided by k_top": wrong(divided=lambda self, v, S: v / self.config.k_top),
    "no eps": wrong(divided=lambda self, v, S: v / v.sum(axis=0)),
}


def test_each_mistake_has_its_model():
    assert [mistake.name for mistake in WEIGHTS] == list(WRONG)


@pytest.mark.parametrize("config", [CONFIG, RAW], ids=["paper", "dev2018"])
@pytest.mark.parametrize("name", [name for name in WRONG if name != "no eps"])
def test_what_is_computed_is_what_the_sentence_says(name, config):
    """While dev2018's memory is small, there is no threshold and no sum for the first four to take from elsewhere."""
    check(BY_NAME[name], WRONG[name], ask(config, 1, 8, 3, states=True, scale=0.6))


def test_without_eps_there_is_a_quotient_where_something_exceeds_the_threshold():
    """dev2018's margin is below zero: the slot at the rank always exceeds it."""
    check(BY_NAME["no eps"], WRONG["no eps"], ask(RAW, 1, 8, 3, states=True, scale=0.6))


def test_without_eps_it_is_0_by_0_where_nothing_does():
    """Under the paper's rule a memory of one slot has that slot at the rank."""
    question = ask(SABConfig.paper(**SIZES, k_top=2), 1, 3, 2)
    found, right = (answer(Hypothesis(question.config, mistakes), question) for mistakes in ((BY_NAME["no eps"],), ()))
    assert found is not None
    assert right is not None
    assert np.array_equal(found["y"][0], right["y"][0])
    assert np.isnan(found["s"][1]).all()
    assert not right["s"][1].any()
