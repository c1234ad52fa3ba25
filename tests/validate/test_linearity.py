"""Gradients that something limits on the way back: seen by a small dy, and what they are without the limit."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

from sabcore import SABConfig
from sabcore.validate.cases import ask
from sabcore.validate.linearity import limits
from sabcore.validate.mistakes import MISTAKES
from sabcore.validate.observed import Observed
from sabcore.validate.ours import Hypothesis
from sabcore.validate.program import FunctionProgram
from sabcore.validate.question import Question
from tests.validate.programs import implementation

CLAIM = SABConfig.paper(input_size=3, hidden_size=4, output_size=5, k_top=2, k_trunc=4)
RIGHT = implementation()


def clipped(right: Any = RIGHT) -> Any:
    """All gradients by one factor, so that their norm is at most 1."""

    def program(config: Any, params: Any, x: Any, dy: Any) -> Any:
        answer = dict(right(config, params, x, dy))
        grads = {name: value for name, value in answer.items() if name.startswith("grad.")}
        norm = np.sqrt(sum((value**2).sum() for value in grads.values()))
        return answer | {name: value / max(1.0, norm) for name, value in grads.items()}

    return program


def note(program: Any, seconds: float = 10.0) -> str | None:
    target = FunctionProgram(program)

    def observe(question: Question) -> Observed:
        return Observed(question, target.ask(question))

    case = observe(ask(CLAIM, 1, 8, 3))
    return limits(observe, case, [Hypothesis(CLAIM)], CLAIM, time.process_time() + seconds)


def test_a_limit_is_told_and_what_the_gradients_are_without_it():
    assert str(note(clipped())).endswith("where dy is a billion times smaller, they are those of paper")


def test_a_mistake_behind_a_limit_is_named():
    cut = next(mistake for mistake in MISTAKES if mistake.name == "cell state not cut")
    assert str(note(clipped(implementation(mistakes=[cut])))).endswith(", but: cell state not cut")


def test_gradients_that_no_hypothesis_explains_are_still_said_to_be_limited():
    def shuffled(config: Any, params: Any, x: Any, dy: Any) -> Any:
        answer = dict(RIGHT(config, params, x, dy))
        return answer | {"grad.x": answer["grad.x"][::-1]}

    assert str(note(clipped(shuffled), 0.3)).endswith("as clamp or clip_grad_norm_ does")


@pytest.mark.parametrize("factor", [1.0, 3.0])
def test_nothing_is_said_of_linear_ones(factor):
    def scaled(config: Any, params: Any, x: Any, dy: Any) -> Any:
        return RIGHT(config, params, x, factor * dy)

    assert note(scaled) is None
