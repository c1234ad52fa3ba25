"""Whether sequences influence each other: found at the step and tensor where they begin to."""

from __future__ import annotations

from typing import Any

import numpy as np

from sabcore import SABConfig
from sabcore.validate.cases import ask
from sabcore.validate.independence import Leak, leaks
from sabcore.validate.program import FunctionProgram
from tests.validate.programs import implementation

CONFIG = SABConfig.lstm(input_size=3, hidden_size=4, output_size=5)
right = implementation()


def found(program: Any, B: int = 3) -> list[Leak] | None:
    asked, question = FunctionProgram(program), ask(CONFIG, 1, 6, B)
    return leaks(asked, question, asked.ask(question), "float64")


def test_a_right_program_leaks_nothing():
    assert found(right) == []


def test_one_sequence_hides_everything():
    assert found(right, B=1) is None


def test_a_leak_is_found_where_it_begins():
    def shares(config, params, x, dy):
        answer = right(config, params, x, dy)
        answer["y"][3:] += 1e-3 * answer["y"][3:].mean(axis=1, keepdims=True)
        return answer

    (leak,) = found(shares) or []
    assert (leak.tensor, leak.step) == ("y", 4)
    assert 0 < leak.moved < 1


def test_a_leak_of_the_gradient_alone_is_found():
    def averages(config, params, x, dy):
        answer = right(config, params, x, dy)
        dx = answer["grad.x"]
        return answer | {"grad.x": dx + dx.mean(axis=1, keepdims=True)}

    assert [leak.tensor for leak in found(averages) or []] == ["grad.x"]


def test_what_is_not_finite_is_no_leak():
    def breaks(config, params, x, dy):
        return {"y": np.full_like(right(config, params, x, dy)["y"], np.nan)}

    assert found(breaks) == []
