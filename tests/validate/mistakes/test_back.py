"""k_back, of the backward pass alone, is found out: other values of it, and what ports do with it."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from sabcore import SABConfig
from sabcore.validate.fields import difference
from sabcore.validate.judge import Judge, Judgement
from sabcore.validate.mistakes import MISTAKES, TIES, Mistake
from sabcore.validate.mistakes.back import BACK
from sabcore.validate.ours import Hypothesis
from sabcore.validate.program import FunctionProgram
from tests.validate.programs import implementation

CLAIM = SABConfig.sab2017(input_size=3, hidden_size=4, output_size=5, k_back=2, k_trunc=4)


def judged(claim: SABConfig, mistakes: list[Mistake], **fields: Any) -> Judgement:
    return Judge(FunctionProgram(implementation(fields, mistakes)), claim, 3, lambda line: None).judge()


@pytest.mark.parametrize(("asked", "k_back"), [(2, None), (2, 1), (2, 3), (6, 7)])
def test_another_value_is_named(asked, k_back):
    claim = dataclasses.replace(CLAIM, k_back=asked)
    judgement = judged(claim, [], k_back=k_back)
    assert judgement.verdict == "other"
    assert [difference(fit.config, claim) for fit in judgement.fits] == [{"k_back": k_back}]


def test_a_program_that_masks_though_nothing_is_claimed():
    claim = dataclasses.replace(CLAIM, k_back=None)
    judgement = judged(claim, [], k_back=2)
    assert [fit.config for fit in judgement.fits] == [CLAIM]


def test_a_value_and_a_window_are_named_together():
    assert judged(CLAIM, [], k_back=1, k_trunc=3).fits[0].config == dataclasses.replace(CLAIM, k_back=1, k_trunc=3)


@pytest.mark.parametrize("mistake", BACK, ids=lambda mistake: mistake.name)
def test_each_mistake_is_named(mistake):
    judgement = judged(CLAIM, [mistake])
    assert judgement.verdict == "mistaken"
    assert judgement.fits == [Hypothesis(CLAIM, (mistake,))]


def test_ties_towards_the_newer_slot_have_their_verdict():
    (ties,) = (mistake for mistake in MISTAKES if mistake.name == TIES)
    judgement = judged(CLAIM, [ties])
    assert (judgement.verdict, judgement.fits) == ("ties", [Hypothesis(CLAIM, (ties,))])
