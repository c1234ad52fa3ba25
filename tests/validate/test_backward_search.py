"""The search for a backward pass: gradients are measured, each forward pass is run once, and the nearest is found."""

from __future__ import annotations

import dataclasses
import time
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest

from sabcore import SABConfig
from sabcore.validate import backward_search as module
from sabcore.validate.backward_search import BACKWARD_MISTAKES, Gradients, search_backward
from sabcore.validate.cases import ask
from sabcore.validate.fields import difference
from sabcore.validate.mistakes import DETACHED, MISTAKES, Mistake
from sabcore.validate.observed import ALLOWED, Observed
from sabcore.validate.ours import Hypothesis, answer
from sabcore.validate.question import Answer

CLAIM = SABConfig.paper(input_size=3, hidden_size=4, output_size=5, k_top=2, k_trunc=3)
SAB2017 = SABConfig.sab2017(input_size=3, hidden_size=4, output_size=5, k_back=2, k_trunc=4)
BY_NAME = {mistake.name: mistake for mistake in MISTAKES}


def never() -> float:
    return time.process_time() + 1000.0


def observed(config: SABConfig, *mistakes: Mistake, seed: int = 1, T: int = 9) -> Observed:
    """What a program of this configuration, with these mistakes, answers."""
    question = ask(config, seed, T, 2)
    found = answer(Hypothesis(config, mistakes), question)
    assert found is not None
    return Observed(question, Answer({name: value for name, value in found.items() if name[-2:] not in ("h0", "c0")}))


def test_a_right_hypothesis_agrees_in_every_gradient():
    case = observed(CLAIM)
    assert Gradients([case]).measure(Hypothesis(CLAIM)) == (len(case.grads), 0.0)


def test_agreement_is_counted_in_the_first_case_and_errors_in_all():
    first, second = observed(CLAIM), observed(CLAIM, seed=2, T=6)
    largest = np.abs(first.theirs["grad.b"]).max()
    first.theirs["grad.b"][3] += 0.5 * ALLOWED["float64"] * largest
    second.theirs["grad.d"][:] = 0
    agreeing, error = Gradients([first, second]).measure(Hypothesis(CLAIM))
    assert (agreeing, round(error)) == (len(first.grads), round(1 / ALLOWED["float64"]))
    assert round(Gradients([first]).measure(Hypothesis(CLAIM))[1], 2) == 0.5
    assert Gradients([second, first]).measure(Hypothesis(CLAIM))[0] == len(first.grads) - 1


def test_a_gradient_that_is_not_a_number_agrees_with_nothing():
    case = observed(CLAIM)
    case.theirs["grad.b"][0] = np.nan
    agreeing, error = Gradients([case]).measure(Hypothesis(CLAIM))
    assert agreeing == len(case.grads) - 1
    assert not error <= 1


@pytest.mark.parametrize("claim", [CLAIM, SAB2017], ids=["paper", "sab2017"])
def test_each_choice_is_measured_as_if_it_were_run_by_itself(claim, monkeypatch):
    """And yet those that differ in the backward pass alone share a forward pass, for each value of k_back."""
    runs = Mock(wraps=module.run_forward)
    monkeypatch.setattr(module, "run_forward", runs)
    case = observed(claim)
    gradients = Gradients([case])
    changes: list[Any] = [{}, {"k_trunc": None}, {"k_trunc": 2}, {"score_grad": False}, {"k_back": 1}]
    for fields in changes:
        config = dataclasses.replace(claim, **fields)
        own = answer(Hypothesis(config), case.question)
        assert own is not None
        assert gradients.measure(Hypothesis(config))[1] == case.error(own, case.grads), fields
        assert (gradients.measure(Hypothesis(config))[1] <= 1) == (not difference(config, claim)), fields
    assert runs.call_count == 2


def test_what_has_no_answer_explains_nothing():
    assert Gradients([observed(CLAIM)]).measure(Hypothesis(dataclasses.replace(CLAIM, score="separable"))) == (
        0,
        np.inf,
    )


@pytest.mark.parametrize(
    "fields",
    [{"k_trunc": None}, {"score_grad": False}, {"k_trunc": 2, "segment_offset": 1}, {"truncation": "sliding"}],
)
def test_fields_of_the_backward_pass_are_found(fields):
    case = observed(dataclasses.replace(CLAIM, **fields))
    ranked = search_backward([Hypothesis(CLAIM)], [case], never())
    assert fields in [difference(fit.config, CLAIM) for fit in ranked.fits]
    assert not any(fit.mistakes for fit in ranked.fits)


def test_a_mistake_is_found_beside_those_of_the_forward_pass():
    """What explained the outputs stays part of the hypothesis."""
    forward, backward = BY_NAME["output from h + s"], BY_NAME["memories detached"]
    ranked = search_backward([Hypothesis(CLAIM, (forward,))], [observed(CLAIM, forward, backward, T=6)], never())
    assert ranked.fits == [Hypothesis(CLAIM, (forward, backward))]
    assert ranked.tried[0].hypothesis == Hypothesis(CLAIM, (forward,))


def test_two_that_are_made_together_are_found():
    pair = (BY_NAME["threshold not differentiated"], BY_NAME["memories detached"])
    ranked = search_backward([Hypothesis(CLAIM)], [observed(CLAIM, *pair, T=6)], never())
    assert [set(fit.mistakes) for fit in ranked.fits] == [set(pair)]


def test_all_fits_of_the_forward_pass_are_tried_before_any_is_changed():
    """Two ways to write one function: both explain the gradients, and both are kept."""
    fits = [Hypothesis(CLAIM), Hypothesis(dataclasses.replace(CLAIM, k_top=3, threshold_rank="k_top"))]
    ranked = search_backward(fits, [observed(CLAIM)], never())
    assert ranked.fits == [tried.hypothesis for tried in ranked.tried] == fits


def test_stages_go_from_near_to_far():
    stages = module._stages([Hypothesis(CLAIM)])
    away = []
    for _ in range(5):
        found = list(next(stages)())
        away.append(max((len(difference(one.config, CLAIM)), len(one.mistakes)) for one in found))
    assert away == [(0, 0), (1, 0), (0, 1), (2, 0), (0, 2)]


def test_no_mistake_that_changes_outputs_is_tried():
    """Outputs are explained already. A wrong map that moves gradients alone is tried."""
    assert not any(mistake.kind == "forward" or mistake.takes for mistake in BACKWARD_MISTAKES)
    assert BY_NAME["gradient of b counted twice"] in BACKWARD_MISTAKES
    assert {mistake.kind for mistake in DETACHED} == {"backward"}


def test_the_time_is_kept():
    ranked = search_backward([Hypothesis(CLAIM)], [observed(CLAIM)], time.process_time() - 1.0)
    assert (ranked.fits, ranked.tried) == ([], [])
