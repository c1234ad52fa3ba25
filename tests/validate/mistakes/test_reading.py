"""What ports read, when, and with which query: the outputs are what each mistake says, and so are the gradients."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from sabcore import SABConfig
from sabcore.validate.cases import ask
from sabcore.validate.mistakes.reading import READING
from sabcore.validate.ours import Hypothesis, answer
from sabcore.validate.question import Question
from tests.validate.mistakes.model import Model, check

CONFIG = SABConfig.paper(
    input_size=3, hidden_size=4, output_size=5, k_top=2, k_att=2, eps=0.5, margin=0.01, memory_start="zero_state"
)
BY_NAME = {mistake.name: mistake for mistake in READING}


class Appended(Model):
    """hhat is written as soon as there is one, and nothing after the read."""

    def gates(self, t, x, h):
        self.t = t
        return Model.gates(self, t, x, h)

    def provisional(self, o, c):
        hhat = Model.provisional(self, o, c)
        if self.t % self.config.k_att == 0:
            self.write(*2 * (hhat[self.copies()[2]],))
        return hhat

    def writes(self, t):
        return False


def answered(name: str, question: Question) -> Any:
    return answer(Hypothesis(question.config, (BY_NAME[name],)), question)


def read_in_its_own_step(config: SABConfig) -> Any:
    return answered("a slot is read in its own step", ask(config, 1, 5, 3))


def test_the_first_step_reads_itself():
    config = dataclasses.replace(CONFIG, k_att=1, memory_start="empty", small_memory="softmax")
    found, right = read_in_its_own_step(config), answer(Hypothesis(config), ask(config, 1, 5, 3))
    assert right is not None
    assert np.allclose(found["s"][0], right["h"][0], rtol=0, atol=1e-15)
    assert np.allclose(found["h"][0], 2 * right["h"][0], rtol=0, atol=1e-15)


def test_other_steps_read_nothing():
    config = dataclasses.replace(CONFIG, small_memory="raw", memory_start="empty")
    s = answered("read only by steps that write", ask(config, 1, 6, 3))["s"]
    assert [bool(step.any()) for step in s] == [False, False, False, True, False, True]


def test_there_is_no_state_while_the_memory_is_empty():
    config = dataclasses.replace(CONFIG, memory_start="empty")
    h = answered("no state while the memory is empty", ask(config, 1, 6, 3))["h"]
    assert [bool(step.any()) for step in h] == [False, False, True, True, True, True]


def test_cells_are_summed():
    config = dataclasses.replace(CONFIG, memory_start="empty", small_memory="softmax", k_att=1)
    found = answered("cells remembered", ask(config, 1, 3, 3))
    assert np.allclose(found["s"][1], found["c"][0], rtol=0, atol=1e-15)


def test_the_summary_sends_nothing_back():
    grads = answered("summary detached", ask(dataclasses.replace(CONFIG, memory_start="empty"), 1, 8, 3))
    assert not any(grads[f"grad.{name}"].any() for name in ("W_m", "W_q", "w_a"))
    assert grads["grad.V_s"].any()


@pytest.mark.parametrize("score", ["additive", "separable"])
@pytest.mark.parametrize("name", [mistake.name for mistake in READING if mistake.kind == "forward"])
def test_initial_states_are_differentiated_right(name, score):
    """By central differences along a random direction: with h0 in the memory, and a slot every second step."""
    question = ask(dataclasses.replace(CONFIG, score=score), 5, 7, 3, states=True)
    grads, rng, step = answered(name, question), np.random.default_rng(0), 1e-6
    for state in ("h0", "c0"):
        direction, value = rng.standard_normal((3, 4)), getattr(question, state)
        ends = [answered(name, question._replace(**{state: value + sign * step * direction}))["y"] for sign in (1, -1)]
        slope = ((ends[0] - ends[1]) * question.dy).sum() / (2 * step)
        assert abs(slope - (grads[f"grad.{state}"] * direction).sum()) <= 1e-5 * (1 + abs(slope))


@pytest.mark.parametrize("truncation", [{}, {"k_trunc": 3}, {"k_trunc": 3, "truncation": "sliding", "k_remind": 2}])
@pytest.mark.parametrize("fields", [{}, {"k_att": 1, "memory_start": "empty"}, {"score_grad": False}])
def test_a_slot_is_appended_before_the_read(fields, truncation):
    config = dataclasses.replace(CONFIG, **fields, **truncation)
    check(BY_NAME["appended before the read"], Appended, ask(config, 1, 8, 3, states=True, scale=0.6))
