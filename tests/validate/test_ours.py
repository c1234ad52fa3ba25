"""What the plain engine answers, right or with mistakes in it, and where it has no answer."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from sabcore import SABConfig, backward, forward
from sabcore.validate.cases import ask
from sabcore.validate.mistakes import MISTAKES
from sabcore.validate.ours import Hypothesis, answer, run_backward, run_forward

CONFIG = SABConfig.paper(input_size=3, hidden_size=4, output_size=5, k_top=2, k_trunc=3)
MISTAKE = {mistake.name: mistake for mistake in MISTAKES}


@pytest.mark.parametrize("states", [False, True])
def test_without_a_mistake_it_is_the_engine(states):
    question = ask(CONFIG, 1, 9, 3, states=states)
    found = answer(Hypothesis(CONFIG), question)
    y, tape = forward(CONFIG, question.params, question.x, h0=question.h0, c0=question.c0, engine="plain")
    grads = backward(CONFIG, question.params, tape, question.dy)
    assert found is not None
    assert np.array_equal(found["y"], y)
    assert found.keys() == {"y", "h", "s", "c"} | {f"grad.{name}" for name in grads}
    assert all(np.array_equal(found[f"grad.{name}"], value) for name, value in grads.items())


def test_a_lstm_has_no_summary():
    config = SABConfig.lstm(input_size=3, hidden_size=4, output_size=5)
    found = run_forward(Hypothesis(config), ask(config, 1, 5, 2))
    assert found is not None
    assert found.outputs.keys() == {"y", "h", "c"}


def test_one_forward_pass_serves_every_choice_of_the_backward_pass():
    question, other = ask(CONFIG, 1, 9, 3), dataclasses.replace(CONFIG, k_trunc=None)
    run = run_forward(Hypothesis(CONFIG), question)
    assert run is not None
    found, want = run_backward(run, question, other), answer(Hypothesis(other), question)
    assert found is not None
    assert want is not None
    assert all(np.array_equal(value, want[name]) for name, value in found.items())


def test_a_hypothesis_is_run_in_the_sizes_of_the_question():
    small = dataclasses.replace(CONFIG, input_size=1, hidden_size=2, output_size=3)
    found = answer(Hypothesis(CONFIG), ask(small, 1, 6, 2))
    assert found is not None
    assert found["h"].shape == (6, 2, 2)


def test_what_lacks_parameters_has_no_answer():
    separable = dataclasses.replace(CONFIG, score="separable")
    assert answer(Hypothesis(separable), ask(CONFIG, 1, 6, 2)) is None


def test_mistakes_are_made_together():
    question, names = ask(CONFIG, 1, 9, 3), ("W_hh transposed", "memories detached")
    both = answer(Hypothesis(CONFIG, tuple(MISTAKE[name] for name in names)), question)
    right = answer(Hypothesis(CONFIG), question)
    assert both is not None
    for name in names:
        one = answer(Hypothesis(CONFIG, (MISTAKE[name],)), question)
        assert one is not None
        assert not np.allclose(one["grad.W_hh"], both["grad.W_hh"], rtol=1e-6)
    assert right is not None
    assert not np.allclose(right["y"], both["y"], rtol=1e-6)


def test_mistakes_in_the_same_line_have_no_engine():
    same = tuple(MISTAKE[name] for name in ("cell state not cut", "hidden state not cut"))
    assert answer(Hypothesis(CONFIG, same), ask(CONFIG, 1, 6, 2)) is None
