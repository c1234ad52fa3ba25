"""Parameters or gradients in the wrong place: outputs and gradients are what each sentence says."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
import pytest

from sabcore import SABConfig
from sabcore.validate.cases import ask
from sabcore.validate.mistakes.mapping import MAPPING
from sabcore.validate.ours import Hypothesis, answer
from tests.validate.mistakes.model import Model, as_if, check, constant, disagreements, wrong

SIZES: dict[str, Any] = {"input_size": 3, "hidden_size": 4, "output_size": 5}
#: A is H, so that W_m and W_q can be taken for their transposes.
ADDITIVE = SABConfig.paper(**SIZES, k_top=2, k_trunc=3)
SEPARABLE = SABConfig.dev2018(**SIZES, score="separable", k_top=2, k_trunc=3)
BY_NAME = {mistake.name: mistake for mistake in MAPPING}


def using(change):
    """A program that takes `change(p)` of its parameters for the parameters."""
    return wrong(taken=lambda self, p: p | change(p))


def in_order(letters):
    """The rows of the four gates taken for those of `letters`: block n of what is given belongs to gate letters[n]."""
    order = ["ifgo".index(letter) for letter in letters]

    def taken(p):
        blocks = {name: np.split(p[name], 4) for name in ("W_ih", "W_hh", "b")}
        return {name: np.concatenate([of[order.index(gate)] for gate in range(4)]) for name, of in blocks.items()}

    return using(taken)


def each_gate_transposed(W):
    return np.concatenate([block.T for block in np.split(W, len(W) // W.shape[1])])


def refilled(W):
    """W (P,Q), row after row, poured into (Q,P) and then transposed."""
    P, Q = W.shape
    flat = [W[n // Q, n % Q] for n in range(P * Q)]
    return np.array([[flat[q * P + p] for q in range(Q)] for p in range(P)])


def transposed(name):
    return using(lambda p: {name: each_gate_transposed(p[name])})


def reshaped(name):
    return using(lambda p: {name: refilled(p[name])})


def swapped(one, other):
    return using(lambda p: {one: p[other], other: p[one]})


WRONG: dict[str, type[Model]] = {
    **{
        f"gates in the order {' '.join(letters)}": in_order(letters)
        for letters in permutations("ifgo")
        if "".join(letters) != "ifgo"
    },
    **{f"{name} transposed": transposed(name) for name in ("W_hh", "W_m", "W_q")},
    **{f"{name} reshaped, not transposed": reshaped(name) for name in ("W_ih", "W_hh", "W_m", "W_q", "V_h", "V_s")},
    "W_m and W_q swapped": swapped("W_m", "W_q"),
    "u_q and u_m swapped": swapped("u_q", "u_m"),
    "V_h and V_s swapped": swapped("V_h", "V_s"),
    "b left out": using(lambda p: {"b": constant(0 * p["b"])}),
    "d left out": using(lambda p: {"d": constant(0 * p["d"])}),
    "b counted twice": using(lambda p: {"b": as_if(2 * p["b"], p["b"])}),
    "b counted twice, and its gradient": using(lambda p: {"b": 2 * p["b"]}),
    "1 added to the forget gate": using(
        lambda p: {"b": p["b"] + np.repeat([0, 1, 0, 0], len(p["b"]) // 4)},
    ),
    "gradient of b counted twice": using(lambda p: {"b": as_if(p["b"], 2 * p["b"])}),
}


def test_each_mistake_has_its_model():
    assert [mistake.name for mistake in MAPPING] == list(WRONG)


@pytest.mark.parametrize("name", WRONG)
def test_what_is_computed_is_what_the_sentence_says(name):
    config = SEPARABLE if name.startswith("u_") else ADDITIVE
    check(BY_NAME[name], WRONG[name], ask(config, 1, 6, 2, states=True, scale=0.6))


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("u_q and u_m swapped", ADDITIVE),
        ("W_m and W_q swapped", SEPARABLE),
        ("W_m transposed", SEPARABLE),
        ("V_s reshaped, not transposed", SABConfig.lstm(**SIZES)),
        ("V_h and V_s swapped", SABConfig.lstm(**SIZES)),
    ],
)
def test_what_a_program_does_not_have_it_does_not_move(name, config):
    question = ask(config, 1, 6, 2, states=True, scale=0.6)
    found = answer(Hypothesis(config, (BY_NAME[name],)), question)
    assert found is not None
    assert disagreements(Model, found, question) == []


def test_a_matrix_that_is_not_square_cannot_be_transposed():
    """A = 6 is not H: a program that took W_m for (in, out) would refuse its shape."""
    config = SABConfig.paper(**SIZES, attention_size=6, k_top=2)
    question = ask(config, 1, 6, 2)
    found = answer(Hypothesis(config, (BY_NAME["W_m transposed"],)), question)
    assert found is not None
    assert disagreements(Model, found, question) == []


def test_what_is_given_stays_as_it_was():
    params = ask(ADDITIVE, 1, 2, 2).params
    before = {name: value.copy() for name, value in params.items()}
    for move in [move for mistake in MAPPING for move in (mistake.takes, mistake.gives) if move]:
        move(params)
    assert params.keys() == before.keys()
    assert all(np.array_equal(params[name], value) for name, value in before.items())
