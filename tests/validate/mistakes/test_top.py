"""What ports make of "the k largest": weights and gradients are what each sentence says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sabcore import SABConfig
from sabcore.validate.cases import ask
from sabcore.validate.mistakes.top import TOP
from sabcore.validate.ours import Hypothesis, answer
from tests.validate.mistakes.model import Model, check, disagreements, wrong

SIZES: dict[str, Any] = {"input_size": 3, "hidden_size": 4, "output_size": 5}
CONFIGS = {
    "paper": SABConfig.paper(**SIZES, k_top=2, eps=0.2, k_att=2, memory_start="zero_state"),
    "softmax": SABConfig.self_attention(**{**SIZES, "k_top": 2}, temperature=0.7),
}
BY_NAME = {mistake.name: mistake for mistake in TOP}


def exponentials(a, axis):
    e = np.exp(a - a.real.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def kept(self, a):
    """1 at the k_top largest, 0 at the others."""
    ranks = np.argsort(np.argsort(-a.real, axis=0, kind="stable"), axis=0)
    return (ranks < self.config.k_top).astype(float)


def best_scores(self, a):
    best = kept(self, a) * a
    return best / (best.sum(axis=0) + self.config.eps)


WRONG: dict[str, type[Model]] = {
    "softmax before the choice": wrong(
        weights=lambda self, a: kept(self, a) * exponentials(a / self.config.temperature, axis=0)
    ),
    "best scores as weights": wrong(weights=best_scores),
    "softmax over the batch": wrong(weights=lambda self, a: exponentials(a / self.config.temperature, axis=-1)),
}


def test_each_mistake_has_its_model():
    assert [mistake.name for mistake in TOP] == list(WRONG)


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
@pytest.mark.parametrize("name", WRONG)
def test_what_is_computed_is_what_the_sentence_says(name, config):
    check(BY_NAME[name], WRONG[name], ask(config, 1, 9, 3, states=True, scale=0.6))


@pytest.mark.parametrize("name", ["softmax before the choice", "best scores as weights"])
def test_without_k_top_nothing_is_chosen(name):
    question = ask(SABConfig.self_attention(**SIZES), 1, 6, 3, scale=0.6)
    found = answer(Hypothesis(question.config, (BY_NAME[name],)), question)
    assert found is not None
    assert disagreements(Model, found, question) == []
