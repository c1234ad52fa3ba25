"""Mistakes in the scores' backward passes: the engine then differentiates exactly what each sentence says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sabcore import SABConfig
from sabcore.validate.cases import ask
from sabcore.validate.mistakes.score import SCORE
from tests.validate.mistakes.model import Model, as_if, check, constant, wrong

SIZES: dict[str, Any] = {"input_size": 3, "hidden_size": 4, "output_size": 5, "attention_size": 6, "k_top": 2}
#: Of the score that a mistake's name begins with. Raw weights first: the query counts in a separable score.
CONFIGS = {
    "additive": SABConfig.paper(**SIZES),
    "separable": SABConfig.dev2018(**SIZES, score="separable"),
}


def tanh_less(self, k, q):
    e = np.tanh(k + q).real
    return (e + 1j * (1 - e) * (k + q).imag) @ self.p["w_a"]


def not_learned(name):
    return wrong(taken=lambda self, p: p | {name: constant(p[name])})


WRONG: dict[str, type[Model]] = {
    "additive: tanh differentiated as 1 - e": wrong(score=tanh_less),
    "additive: query detached": wrong(query=lambda self, hhat: Model.query(self, constant(hhat))),
    "additive: memory detached in the score": wrong(key=lambda self, m: Model.key(self, constant(m))),
    "additive: w_a not learned": not_learned("w_a"),
    "additive: W_m not learned": not_learned("W_m"),
    "additive: W_q not learned": not_learned("W_q"),
    "separable: tanh of the memory not differentiated": wrong(key=lambda self, m: as_if(np.tanh(m), m) @ self.p["u_m"]),
    "separable: tanh of the query not differentiated": wrong(
        query=lambda self, hhat: as_if(np.tanh(hhat), hhat) @ self.p["u_q"]
    ),
    "separable: u_m without tanh": wrong(
        key=lambda self, m: np.tanh(m) @ constant(self.p["u_m"]) + 1j * (m.real @ self.p["u_m"].imag)
    ),
    "separable: u_q without tanh": wrong(
        query=lambda self, hhat: np.tanh(hhat) @ constant(self.p["u_q"]) + 1j * (hhat.real @ self.p["u_q"].imag)
    ),
}


def test_each_mistake_has_its_model():
    assert [mistake.name for mistake in SCORE] == list(WRONG)


@pytest.mark.parametrize("mistake", SCORE, ids=lambda mistake: mistake.name)
def test_what_is_computed_is_what_the_sentence_says(mistake):
    config = CONFIGS[mistake.name.partition(":")[0]]
    check(mistake, WRONG[mistake.name], ask(config, 1, 7, 2, states=True))
