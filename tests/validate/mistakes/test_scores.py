"""What ports do instead of the scores: outputs and gradients are those of the formula in each sentence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sabcore import SABConfig
from sabcore.validate.cases import ask
from sabcore.validate.mistakes.scores import SCORES
from sabcore.validate.ours import Hypothesis, answer
from tests.validate.mistakes.model import Model, check, disagreements, wrong

SIZES: dict[str, Any] = {"input_size": 3, "hidden_size": 4, "output_size": 5}
CONFIGS = {
    "additive": SABConfig.paper(**SIZES, k_top=2, k_att=2, eps=0.2, memory_start="zero_state"),
    "separable": SABConfig.dev2018(**SIZES, score="separable", k_top=2, k_att=2),
}
BY_NAME = {mistake.name: mistake for mistake in SCORES}


def linear_key(self, m):
    return m @ self.p["u_m"] if self.config.score == "separable" else Model.key(self, m)


def linear_query(self, hhat):
    return hhat @ self.p["u_q"] if self.config.score == "separable" else Model.query(self, hhat)


def linear_sum(self, k, q):
    return k + q if self.config.score == "separable" else (k + q) @ self.p["w_a"]


WRONG: dict[str, type[Model]] = {
    "tanh on the score": wrong(score=lambda self, k, q: np.tanh(Model.score(self, k, q))),
    "tanh on the score's inputs": wrong(
        key=lambda self, m: Model.key(self, np.tanh(m)), query=lambda self, hhat: Model.query(self, np.tanh(hhat))
    ),
    "linear score": wrong(key=linear_key, query=linear_query, score=linear_sum),
    "dot product for a score": wrong(score=lambda self, k, q: (k * q).sum(axis=-1)),
    "scaled dot product for a score": wrong(score=lambda self, k, q: (k * q).sum(axis=-1) / self.config.A**0.5),
    "W_m used for W_q as well": wrong(query=lambda self, hhat: hhat @ self.p["W_m"].T),
    "W_q used for W_m as well": wrong(key=lambda self, m: m @ self.p["W_q"].T),
}
#: What needs the matrices of the additive score.
ADDITIVE = [name for name in WRONG if name.endswith("as well") or "dot product" in name]


def test_each_mistake_has_its_model():
    assert [mistake.name for mistake in SCORES] == list(WRONG)


@pytest.mark.parametrize(
    ("name", "score"),
    [(name, score) for name in WRONG for score in CONFIGS if score == "additive" or name not in ADDITIVE],
)
def test_what_is_computed_is_what_the_sentence_says(name, score):
    check(BY_NAME[name], WRONG[name], ask(CONFIGS[score], 1, 7, 2, states=True, scale=0.6))


@pytest.mark.parametrize("name", ADDITIVE)
def test_a_separable_score_has_no_matrices_for_it(name):
    question = ask(CONFIGS["separable"], 1, 7, 2, scale=0.6)
    found = answer(Hypothesis(question.config, (BY_NAME[name],)), question)
    assert found is not None
    assert disagreements(Model, found, question) == []


@pytest.mark.parametrize(
    ("name", "score"),
    [(name, score) for name in WRONG for score in CONFIGS if score == "additive" or name not in ADDITIVE],
)
def test_a_detached_score_is_detached(name, score):
    """With score_grad = false only the score's own weights learn from it."""
    config = SABConfig.from_dict(CONFIGS[score].to_dict() | {"score_grad": False})
    check(BY_NAME[name], WRONG[name], ask(config, 1, 7, 2, states=True, scale=0.6))
