"""Which options a program honours: each outcome for the option that has it, and only what can be seen is asked."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from sabcore import SABConfig
from sabcore.validate import options as module
from sabcore.validate.cases import ask
from sabcore.validate.fields import field_names
from sabcore.validate.mistakes import MISTAKES
from sabcore.validate.observed import Observed
from sabcore.validate.options import Option, options
from sabcore.validate.program import FunctionProgram
from tests.validate.programs import implementation

SIZES: dict[str, Any] = {"input_size": 3, "hidden_size": 4, "output_size": 5}
CLAIM = SABConfig.paper(**SIZES, k_top=3, k_trunc=4)
FIELDS = [*field_names(forward=True), *field_names(forward=False)]
right = implementation()


@pytest.fixture(autouse=True)
def _short_searches(monkeypatch):
    monkeypatch.setattr(module, "_SECONDS", 0.3)


def found(program: Any, *names: str, claim: SABConfig = CLAIM) -> dict[str, Option]:
    """The outcomes for some fields, or all, of a program that answers the claim right."""
    asked = FunctionProgram(program)
    question = ask(claim, 1, 12, 2)
    base = Observed(question, asked.ask(question))
    outcomes = list(options(asked, base, skip=[name for name in FIELDS if names and name not in names]))
    assert len({one.field for one in outcomes}) == len(outcomes)
    return {one.field: one for one in outcomes}


def with_fields(change: Any) -> Any:
    """A program that is asked for a configuration and computes `change` of it."""
    return lambda config, params, x, dy: right(change(config), params, x, dy)


def test_a_right_program_honours_every_field_that_can_be_seen():
    """The paper's model has no temperature, and a budget for reminded states only under sliding windows."""
    outcomes = found(right)
    assert {one.outcome for one in outcomes.values()} == {"honoured"}
    assert outcomes.keys() == set(FIELDS) - {"temperature", "score"}
    assert outcomes["k_top"].changes == {"k_top": 2}
    assert outcomes["k_remind"].changes == {"k_remind": 2, "truncation": "sliding"}


def test_a_model_without_memory_is_asked_for_no_memory():
    """Nor for a budget of reminded states, though a sliding window would show one that is asked for with it."""
    lstm = SABConfig.lstm(**SIZES, k_trunc=4)
    assert set(found(right, claim=lstm)) == {"k_trunc", "truncation", "segment_offset"}


def test_a_program_that_gives_outputs_alone_is_asked_for_what_they_show():
    outcomes = found(implementation(after=lambda answer: {"y": answer["y"]}))
    assert outcomes.keys() <= set(field_names(forward=True))
    assert {"k_top", "k_att", "eps"} <= outcomes.keys()


@pytest.mark.parametrize("name", ["k_att", "k_trunc", "score_grad", "margin"])
def test_an_option_without_effect_is_ignored_and_the_others_honoured(name):
    outcomes = found(implementation({name: getattr(CLAIM, name)}), name, "k_top", "truncation")
    assert {key for key, one in outcomes.items() if one.outcome == "ignored"} == {name}
    assert {one.outcome for key, one in outcomes.items() if key != name} == {"honoured"}


def test_what_a_program_refuses_is_said_in_its_words():
    def refuses(config, params, x, dy):
        if config["k_att"] != 1:
            raise NotImplementedError("every step writes")
        return right(config, params, x, dy)

    (one,) = found(refuses, "k_att").values()
    assert one == Option("k_att", {"k_att": 2}, "refused", "it raises NotImplementedError: every step writes")


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        ("k_top", lambda config: config | {"k_top": 4} if config["k_top"] == 2 else config, "k_top = 4"),
        ("k_trunc", lambda config: config | {"k_trunc": None} if config["k_trunc"] == 3 else config, "k_trunc = null"),
    ],
)
def test_what_is_computed_instead_is_said(name, change, says):
    (one,) = found(with_fields(change), name).values()
    assert (one.outcome, one.case) == ("otherwise", None)
    assert one.said.startswith("it computes ")
    assert says in one.said


@pytest.mark.parametrize(("name", "asked", "tensor"), [("k_att", 2, "y"), ("k_trunc", 3, "grad.W_hh")])
def test_what_is_no_configuration_is_wrong_and_its_case_is_kept(name, asked, tensor):
    """Though outputs stay the same, as they do under another window: gradients count."""

    def wrong(config, params, x, dy):
        answer = right(config, params, x, dy)
        return answer if config[name] == getattr(CLAIM, name) else answer | {tensor: 2 * answer[tensor]}

    (one,) = found(wrong, name).values()
    assert one.outcome == "wrong"
    assert one.case is not None
    assert one.case.question.config == dataclasses.replace(CLAIM, **{name: asked})
    assert np.array_equal(one.case.question.x, ask(CLAIM, 1, 12, 2).x)


def test_known_mistakes_are_no_configuration():
    """A program that answers another option with a mistake is wrong there, though the mistake has a name."""
    (mistake,) = (one for one in MISTAKES if one.name == "output from h + s")
    summed = implementation(mistakes=[mistake])

    def sometimes(config, params, x, dy):
        return (right if config["k_att"] == 1 else summed)(config, params, x, dy)

    (one,) = found(sometimes, "k_att").values()
    assert one.outcome == "wrong"


def test_each_field_that_is_no_size_is_tried():
    """By values of this module's own, or those that hypotheses know."""
    assert set(module._TRIED) <= set(FIELDS)
    assert set(FIELDS) - set(module._TRIED) == {"score"}
