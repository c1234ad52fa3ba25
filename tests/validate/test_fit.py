"""Values of real fields that nobody could guess are found, alone and together, to the last digit."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from sabcore import SABConfig
from sabcore.validate.cases import ask
from sabcore.validate.fit import fitted, fitted_pair
from sabcore.validate.observed import Observed
from sabcore.validate.ours import Hypothesis, answer
from sabcore.validate.question import Answer

PAPER = SABConfig.paper(input_size=3, hidden_size=4, output_size=5, k_top=2)
ATTENTION = SABConfig.self_attention(input_size=3, hidden_size=4, output_size=5)


def observed(config: SABConfig, fields: dict[str, Any]) -> Observed:
    """What a right program of this configuration with other fields answers, asked for the configuration."""
    question = ask(config, 1, 12, 3)
    tensors = answer(Hypothesis(dataclasses.replace(config, **fields)), question)
    assert tensors is not None
    return Observed(question, Answer(tensors))


@pytest.mark.parametrize(
    ("config", "name", "value"),
    [
        (PAPER, "margin", 0.037),
        (PAPER, "margin", -0.0213579),
        (PAPER, "eps", 0.013),
        (dataclasses.replace(PAPER, k_top=1), "eps", 0.013),
        (dataclasses.replace(PAPER, k_top=1), "margin", 0.037),
        (ATTENTION, "temperature", 0.7071067811865476),
    ],
)
def test_one_field_is_found(config, name, value):
    values = [getattr(found, name) for found in fitted(config, observed(config, {name: value}))]
    assert any(abs(found - value) <= 1e-14 * abs(value) for found in values), values


@pytest.mark.parametrize("fields", [{"margin": 0.037, "eps": 0.013}, {"margin": -0.02, "eps": 0.13}])
def test_margin_and_eps_are_found_together(fields):
    case = observed(PAPER, fields)
    assert list(fitted(PAPER, case)) == []
    (found,) = fitted_pair(PAPER, case)
    assert {name: getattr(found, name) for name in fields} == fields


def test_what_is_no_value_of_a_field_is_not_fitted():
    case = observed(PAPER, {"k_att": 2})
    assert list(fitted(PAPER, case)) == []
    assert list(fitted_pair(PAPER, case)) == []


def test_fields_that_do_not_apply_are_not_fitted():
    case = observed(ATTENTION, {"temperature": 2.0})
    assert [found.temperature for found in fitted(ATTENTION, case)] == [2.0]
    assert list(fitted_pair(ATTENTION, case)) == []
