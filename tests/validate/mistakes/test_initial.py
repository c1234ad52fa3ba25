"""What programs do with initial states that they are given: each mistake is named, and is differentiated right."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from sabcore import SABConfig
from sabcore.validate.cases import ask
from sabcore.validate.judge import Judge, Judgement
from sabcore.validate.mistakes import INITIAL, MISTAKES, Mistake
from sabcore.validate.ours import Hypothesis, answer
from sabcore.validate.program import FunctionProgram
from tests.validate.programs import implementation_with_states

MODEL: dict[str, Any] = {"input_size": 3, "hidden_size": 4, "output_size": 5, "k_top": 3, "k_trunc": 4}
PAPER, FROM_H0 = SABConfig.paper(**MODEL), SABConfig.dev2018(**MODEL)
#: One-line mutants that only initial states show.
OTHERS = ("edge into the initial state cut", "initial state's slot forgotten")
SHOWN_BY = {
    "zeros for h0 in the memory": FROM_H0,
    "initial state's slot forgotten": FROM_H0,
    "first segment cut off from the initial state": dataclasses.replace(FROM_H0, segment_offset=0),
    "edge into the initial state cut": dataclasses.replace(PAPER, truncation="sliding"),
}
FOUND = [*INITIAL, *(mistake for mistake in MISTAKES if mistake.name in OTHERS)]
#: Under an offset of 0 and under sliding windows, the first step's edge is what these cut, all or two of them.
ONE_FUNCTION = {"first segment cut off from the initial state", "no gradient into h0 and c0", OTHERS[0]}


def judged(claim: SABConfig, mistakes: list[Mistake], **fields: Any) -> Judgement:
    program = FunctionProgram(implementation_with_states(fields, mistakes))
    return Judge(program, claim, 3, lambda line: None).judge()


@pytest.mark.parametrize("claim", [PAPER, FROM_H0], ids=["paper", "dev2018"])
def test_a_right_program_is_right(claim):
    judgement = judged(claim, [])
    assert judgement.verdict == "right"
    assert {"grad.h0", "grad.c0"} <= {tensor.name for tensor in judgement.tensors}


@pytest.mark.parametrize("mistake", FOUND, ids=lambda mistake: mistake.name)
def test_each_is_named(mistake):
    claim = SHOWN_BY.get(mistake.name, PAPER)
    judgement = judged(claim, [mistake])
    assert judgement.verdict == "mistaken"
    names = {found.name for fit in judgement.fits for found in fit.mistakes}
    assert mistake.name in names <= {mistake.name, *(ONE_FUNCTION if mistake.name in ONE_FUNCTION else ())}
    assert judgement.fits[0].config == claim
    assert judgement.departs is not None
    if mistake.kind == "forward" and claim is PAPER:
        assert "from the h0 and c0 that are given" in judgement.departs.why


def test_ignored_states_and_another_field_are_named_together():
    (ignored,) = (mistake for mistake in INITIAL if mistake.name == "h0 and c0 ignored")
    judgement = judged(PAPER, [ignored], k_trunc=3)
    assert judgement.fits == [Hypothesis(dataclasses.replace(PAPER, k_trunc=3), (ignored,))]


@pytest.mark.parametrize("offset", [1, 2, 3])
def test_an_offset_that_changes_the_first_segment_alone_is_named(offset):
    """Two steps after the cut there are too few for a second one: the first segment's length is all there is."""
    claim = dataclasses.replace(PAPER, k_trunc=8)
    judgement = Judge(
        FunctionProgram(implementation_with_states({"segment_offset": offset})), claim, 3, lambda line: None, T=9
    ).judge()
    assert judgement.verdict == "other"
    assert judgement.fits[0] == Hypothesis(dataclasses.replace(claim, segment_offset=offset))


@pytest.mark.parametrize("mistake", [mistake for mistake in INITIAL if mistake.kind == "forward"], ids=lambda m: m.name)
def test_those_of_the_forward_pass_are_differentiated_right(mistake):
    """By central differences along a random direction, in h0 and in c0."""
    config = dataclasses.replace(FROM_H0, k_trunc=None, eps=0.5, margin=0.01)
    question, rng, step = ask(config, 5, 6, 3, states=True), np.random.default_rng(0), 1e-6
    grads = answer(Hypothesis(config, (mistake,)), question)
    assert grads is not None
    for name in ("h0", "c0"):
        direction, value = rng.standard_normal((3, 4)), getattr(question, name)
        ends: list[Any] = [
            answer(Hypothesis(config, (mistake,)), question._replace(**{name: value + sign * step * direction}))
            for sign in (1, -1)
        ]
        slope = ((ends[0]["y"] - ends[1]["y"]) * question.dy).sum() / (2 * step)
        assert abs(slope - (grads[f"grad.{name}"] * direction).sum()) <= 1e-5 * (1 + abs(slope))
