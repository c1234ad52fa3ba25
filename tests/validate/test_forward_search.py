"""The search for a forward pass: what is tried, in which order, how it is measured, and when it ends."""

from __future__ import annotations

import dataclasses
import time

import numpy as np
import pytest

from sabcore import SABConfig
from sabcore.validate import forward_search as module
from sabcore.validate.cases import ask
from sabcore.validate.fields import difference
from sabcore.validate.forward_search import Outputs, Ranked, search_forward
from sabcore.validate.mistakes import INITIAL, MISTAKES, Mistake
from sabcore.validate.mistakes.window import last_slots
from sabcore.validate.observed import ALLOWED, Observed
from sabcore.validate.ours import Hypothesis, answer
from sabcore.validate.question import Answer

CLAIM = SABConfig.paper(input_size=3, hidden_size=4, output_size=5, k_top=2, k_trunc=3)
BY_NAME = {mistake.name: mistake for mistake in MISTAKES}
#: Stand-ins for hypotheses where none is run.
A, B, C, D = (Hypothesis(dataclasses.replace(CLAIM, k_att=n)) for n in (1, 2, 3, 4))


def never() -> float:
    return time.process_time() + 1000.0


def observed(config: SABConfig, *mistakes: Mistake, seed: int = 1, T: int = 9, asked: SABConfig = CLAIM) -> Observed:
    """What a program of this configuration, with these mistakes, answers when asked for another: y alone."""
    question = ask(asked, seed, T, 2)
    found = answer(Hypothesis(config, mistakes), question)
    assert found is not None
    return Observed(question, Answer({"y": found["y"]}))


def test_a_stage_is_tried_to_its_end_and_all_that_fits_is_kept():
    ranked, errors = Ranked(never()), {A: 2.0, B: 1.0, C: 0.0, D: np.nan}
    assert not ranked.try_all([A, D], lambda hypothesis: (0, errors[hypothesis]))
    assert ranked.try_all([B, C, A], lambda hypothesis: (0, errors[hypothesis]))
    assert ranked.fits == [B, C]
    assert [tried.hypothesis for tried in ranked.tried] == [A, D, B, C, A]


def test_the_nearest_agree_for_the_most_steps_and_then_by_error():
    """Of those that come equally near, only the first: what the others change has no effect."""
    ranked, found = Ranked(never()), {A: (3, 9.0), B: (5, 90.0), C: (5, 7.0), D: (3, 9.0)}
    ranked.try_all([A, B, C, D], lambda hypothesis: found[hypothesis])
    assert [tried.hypothesis for tried in ranked.nearest] == [C, B, A]


def test_nothing_more_is_tried_when_the_time_is_over():
    ranked = Ranked(time.process_time() - 1.0)
    assert ranked.try_all([A, B], lambda hypothesis: (9, 0.0))
    assert (ranked.tried, ranked.fits) == ([], [])


def test_steps_and_errors_are_those_of_y():
    """An error of 5 times what is allowed, at the fifth of nine steps; what comes after it is not run."""
    case = observed(CLAIM)
    y = case.theirs["y"]
    y[4, 1, 2] += 5 * ALLOWED["float64"] * np.abs(y[:5]).max()
    steps, error = Outputs(CLAIM, [case]).measure(Hypothesis(CLAIM))
    assert (steps, round(error, 2)) == (4, 5.0)
    assert Outputs(CLAIM, [observed(CLAIM)]).measure(Hypothesis(CLAIM))[0] == 9
    assert Outputs(CLAIM, [observed(CLAIM)]).measure(Hypothesis(CLAIM))[1] < 1


def test_the_case_that_departs_is_measured_first_and_every_case_counts():
    """A memory of two slots is not longer than k_top = 2, and so the short case knows nothing of k_top = 3."""
    other = dataclasses.replace(CLAIM, k_top=3)
    short, long = observed(other, T=3), observed(other, T=9)
    outputs = Outputs(CLAIM, [short, long])
    assert outputs.cases == [long, short]
    assert len(outputs.start.question.x) == outputs.measure(Hypothesis(CLAIM))[0] + 1 == 5
    assert outputs.measure(Hypothesis(other)) == (9, 0.0)
    wrong_in_short = observed(dataclasses.replace(CLAIM, k_att=2), seed=2, T=3)
    assert Outputs(CLAIM, [long, wrong_in_short]).measure(Hypothesis(other))[1] > 1


def test_what_has_no_answer_explains_nothing():
    case = observed(CLAIM)
    assert Outputs(CLAIM, [case]).measure(Hypothesis(dataclasses.replace(CLAIM, score="separable"))) == (0, np.inf)


def test_a_claim_that_fits_is_not_searched_further():
    """The presets of another forward pass are tried with it: the claim is first, with its own score in all."""
    ranked = search_forward(CLAIM, [observed(CLAIM)], never())
    tried = [tried.hypothesis for tried in ranked.tried]
    assert ranked.fits == [Hypothesis(CLAIM)]
    assert tried[0] == Hypothesis(CLAIM)
    assert all(not one.mistakes and one.config.score == "additive" for one in tried)
    assert len(tried) == len({module.canonical(module.without_backward(one.config)) for one in tried}) < 10


@pytest.mark.parametrize(
    "fields", [{"k_att": 2}, {"memory_start": "zero_state"}, {"eps": 0.037}, {"k_top": 1, "k_att": 2}]
)
def test_fields_are_found_before_mistakes(fields):
    ranked = search_forward(CLAIM, [observed(dataclasses.replace(CLAIM, **fields))], never())
    assert fields in [difference(fit.config, CLAIM) for fit in ranked.fits]
    assert not any(fit.mistakes for fit in ranked.fits)


def test_a_mistake_on_the_claim_is_found():
    mistake = BY_NAME["output from h + s"]
    assert search_forward(CLAIM, [observed(CLAIM, mistake)], never()).fits == [Hypothesis(CLAIM, (mistake,))]


@pytest.mark.parametrize("count", [3, 5])
def test_a_memory_that_forgets_is_found_with_the_number_that_it_holds(count):
    """On the claim, and on another preset."""
    attention = SABConfig.self_attention(input_size=3, hidden_size=4, output_size=5, k_trunc=3)
    for config in (CLAIM, attention):
        fit = search_forward(CLAIM, [observed(config, last_slots(count), T=20)], never()).fits[0]
        assert fit.mistakes == (last_slots(count),)


def test_a_wrong_map_that_explains_the_first_step_is_part_of_all_that_is_tried():
    """It is then found together with a field that differs, which would be two things away."""
    swapped = BY_NAME["gates in the order f i g o"]
    case = observed(dataclasses.replace(CLAIM, k_att=2), swapped)
    ranked = search_forward(CLAIM, [case], never())
    assert all(swapped in tried.hypothesis.mistakes for tried in ranked.tried)
    assert ranked.fits == [Hypothesis(dataclasses.replace(CLAIM, k_att=2), (swapped,))]


@pytest.mark.parametrize("states", [False, True])
def test_mistakes_with_initial_states_are_tried_only_where_such_are_given(states):
    stages = list(module._stages([CLAIM], observed(CLAIM), states, Ranked(never())))
    assert any(mistake in INITIAL for one in stages[3]() for mistake in one.mistakes) is states


def test_every_later_stage_is_further_from_the_claim():
    """Fields and mistakes count alike; fits of real values apart, which are tried where they may be of use."""
    stages = [
        list(stage())
        for number, stage in enumerate(module._stages([CLAIM], observed(CLAIM), False, Ranked(never())))
        if number in (0, 1, 3, 4)
    ]
    away = [max(len(difference(one.config, CLAIM)) + len(one.mistakes) for one in stage) for stage in stages]
    assert away == [0, 1, 1, 2]
    assert [any(one.mistakes for one in stage) for stage in stages] == [False, False, True, False]
