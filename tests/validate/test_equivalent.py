"""Configurations that are one function stand together; those that are not are told apart by asking."""

from __future__ import annotations

import dataclasses
import time

import pytest

from sabcore import SABConfig
from sabcore.validate.equivalent import rewritten, separating, settle, with_rewritings
from sabcore.validate.fields import difference
from sabcore.validate.observed import Observed
from sabcore.validate.ours import Hypothesis
from sabcore.validate.program import FunctionProgram
from sabcore.validate.question import Question
from tests.validate.programs import implementation

SIZES = {"input_size": 3, "hidden_size": 4, "output_size": 5}
PAPER = SABConfig.paper(**SIZES, k_top=3, k_trunc=4)
RANK = dataclasses.replace(PAPER, k_top=4, threshold_rank="k_top")


def test_one_function_is_not_told_apart():
    assert separating(Hypothesis(PAPER), Hypothesis(RANK), PAPER, 3, grads=True) is None


@pytest.mark.parametrize("fields", [{"k_top": 4}, {"k_trunc": 5}, {"memory_start": "zero_state"}])
def test_two_functions_are_told_apart(fields):
    other = Hypothesis(dataclasses.replace(PAPER, **fields))
    assert separating(Hypothesis(PAPER), other, PAPER, 3, grads=True) is not None


def test_what_only_small_scores_show_is_told_apart():
    one, other = (Hypothesis(dataclasses.replace(PAPER, k_top=1, margin=margin)) for margin in (0.0, 1e-9))
    assert separating(one, other, PAPER, 3, grads=False) is not None


def test_gradients_tell_apart_only_where_there_are_some():
    other = Hypothesis(dataclasses.replace(PAPER, k_trunc=5))
    assert separating(Hypothesis(PAPER), other, PAPER, 3, grads=False) is None


def test_the_rules_are_rewritings_of_one_function():
    assert {"k_top": 4, "threshold_rank": "k_top"} in [difference(found, PAPER) for found in rewritten(PAPER, PAPER)]
    back = [difference(found, PAPER) for found in rewritten(RANK, PAPER)]
    assert {} in back


def test_rewritings_are_verified_and_sorted_by_the_claim():
    fits = with_rewritings([Hypothesis(RANK)], PAPER, 3, grads=True)
    assert [fit.config for fit in fits] == [PAPER, RANK]


@pytest.mark.parametrize("true", [0, 1, 2])
def test_the_program_is_asked_where_hypotheses_differ(true):
    asked = []
    fits = [Hypothesis(dataclasses.replace(PAPER, k_top=k_top)) for k_top in (3, 4, 5)]
    program = FunctionProgram(implementation({"k_top": fits[true].config.k_top}))

    def observe(question: Question) -> Observed:
        asked.append(question)
        return Observed(question, program.ask(question))

    assert settle(fits, PAPER, observe, 3, True, time.process_time() + 60) == [fits[true]]
    assert 1 <= len(asked) <= 2


def test_a_function_written_twice_is_kept_twice_without_asking():
    def observe(question: Question) -> Observed:
        raise AssertionError("there is nothing to ask")

    both = [Hypothesis(PAPER), Hypothesis(RANK)]
    assert settle(both, PAPER, observe, 3, True, time.process_time() + 60) == both
