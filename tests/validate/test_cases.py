"""Questions: random, reproducible, of the sizes asked for, and with scores small enough to show margin and eps."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from sabcore import SABConfig
from sabcore.validate.cases import SIZES, ask, small_scores, steps, with_ties
from sabcore.validate.equivalent import different
from sabcore.validate.ours import Hypothesis, run_forward

PAPER = SABConfig.paper(input_size=3, hidden_size=4, output_size=5, k_top=3, k_trunc=4)


def test_a_question_is_a_function_of_its_seed():
    one, same, other = ask(PAPER, 1, 6, 3), ask(PAPER, 1, 6, 3), ask(PAPER, 2, 6, 3)
    assert np.array_equal(one.x, same.x)
    assert not np.array_equal(one.x, other.x)
    assert (one.x.shape, one.dy.shape, one.h0) == ((6, 3, 3), (6, 3, 5), None)
    assert all(state.shape == (3, 4) for state in ask(PAPER, 1, 6, 3, states=True).states)


def test_the_first_sizes_all_differ():
    sizes = [value for value in SIZES[0].values() if value is not None]
    assert len({*sizes, SIZES[0]["B"]}) >= 3
    assert SIZES[0]["input_size"] != SIZES[0]["hidden_size"] != SIZES[0]["output_size"]


@pytest.mark.parametrize(
    ("fields", "least"), [({}, 11), ({"k_att": 3}, 24), ({"k_trunc": 15}, 33), ({"k_top": 50}, 40)]
)
def test_steps_are_enough_for_the_memory_and_for_cuts(fields, least):
    config = dataclasses.replace(PAPER, **fields)
    assert least <= steps(config) <= 40
    assert steps(config) == 40 or config.slots_before(steps(config)) > (config.k_top or 0)


def test_small_scores_show_a_margin_that_others_hide():
    """One slot is read, with weight v / (v + eps): the margin is visible where v is as small as it."""
    one, other = (dataclasses.replace(PAPER, k_top=1, margin=margin) for margin in (0.0, 1e-9))
    hypotheses, scores = (Hypothesis(one), Hypothesis(other)), small_scores(one)
    assert not different(*hypotheses, ask(one, 1, 11, 3), grads=False)
    assert different(*hypotheses, ask(one, 1, 11, 3, scores=scores), grads=False)


@pytest.mark.parametrize("config", [SABConfig.self_attention(input_size=3, hidden_size=4, output_size=5),
                                    SABConfig.lstm(input_size=3, hidden_size=4, output_size=5),
                                    dataclasses.replace(PAPER, margin=-0.5)])  # fmt: skip
def test_scores_stay_as_they_are_where_that_shows_nothing(config):
    assert small_scores(config) == 1.0


@pytest.mark.parametrize("score", ["additive", "separable"])
def test_ties_are_exact(score):
    question = with_ties(dataclasses.replace(PAPER, score=score), 20, 2)
    run = run_forward(Hypothesis(question.config), question)
    assert run is not None
    tied = [len(np.unique(cache.a[:, 0])) < len(cache.a) for cache in run.tape.recalls if cache is not None]
    assert sum(tied) >= 10
