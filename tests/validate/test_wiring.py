"""Whether an answer is one: names, shapes, dtypes, and the same each time."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from sabcore import SABConfig
from sabcore.validate.cases import ask
from sabcore.validate.program import FunctionProgram
from sabcore.validate.question import Answer
from sabcore.validate.wiring import answer_problems, dtype_of, repeat_problem, same, shapes, unknown

QUESTION = ask(SABConfig.lstm(input_size=3, hidden_size=4, output_size=5), 1, 6, 2)
RIGHT = {name: np.ones(shape) for name, shape in shapes(QUESTION).items()}


def problems(**changed: np.ndarray) -> list[tuple[str, str]]:
    named = {name.replace("_of_", "."): value for name, value in changed.items()}
    return list(answer_problems(QUESTION, Answer({**RIGHT, **named})))


def test_all_that_an_answer_may_hold_is_known():
    assert RIGHT["y"].shape == (6, 2, 5)
    assert RIGHT["grad.x"].shape == (6, 2, 3)
    assert RIGHT["grad.W_hh"].shape == (16, 4)
    assert problems() == []
    assert unknown(QUESTION, Answer(RIGHT)) == []
    assert unknown(QUESTION, Answer({**RIGHT, "dW": np.ones(1)})) == ["dW"]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"y": np.ones((2, 6, 5))}, "it is batch-first, and should be time-major"),
        ({"grad_of_W_hh": np.ones((4, 16))}, "it is the transpose"),
        ({"grad_of_b": np.ones(8)}, r"yours has shape (8,), but should have (16,)"),
        ({"y": np.ones((6, 2, 5), np.int64)}, "yours is int64, but should be float64"),
    ],
)
def test_what_is_wrong_is_said(changed, says):
    ((_, why),) = problems(**changed)
    assert says in why


def test_an_answer_without_y_is_none():
    assert list(answer_problems(QUESTION, Answer({"grad.b": np.ones(16)})))[0][0] == "y"  # noqa: RUF015
    assert list(answer_problems(QUESTION, Answer(RIGHT, wrote=["x"]))) == [("x", "your program writes into its input")]


def test_one_tensor_in_float32_sets_what_can_be_told():
    assert dtype_of(Answer(RIGHT)) == "float64"
    assert dtype_of(Answer({**RIGHT, "grad.b": np.ones(16, np.float32)})) == "float32"


def test_equal_up_to_the_order_of_sums():
    y = np.array([1.0, np.nan, 3.0])
    assert same(Answer({"y": y}), Answer({"y": y * (1 + 1e-12)}))
    assert not same(Answer({"y": y}), Answer({"y": y + 1e-3}))
    assert not same(Answer({"y": y}), Answer({"y": y, "h": y}))
    assert not same(Answer({"y": y}), Answer({"y": y[:2]}))


def test_chance_is_told_from_state():
    calls, other = itertools.count(), ask(QUESTION.config, 2, 6, 2)
    problem = repeat_problem(
        FunctionProgram(lambda config, params, x, dy: {"y": dy + next(calls)}),
        QUESTION,
        other,
        Answer({"y": RIGHT["y"]}),
    )
    assert problem == "the same question gets different answers: your program is not repeatable"

    class Remembers(FunctionProgram):
        """Adds what was asked since it was started."""

        def stop(self) -> None:
            self.asked = 0

        def ask(self, question):
            self.asked += 1
            return Answer({"y": question.dy + self.asked})

    program = Remembers(dict)
    program.stop()
    found = repeat_problem(program, QUESTION, other, program.ask(QUESTION))
    assert found == "your answer depends on what was asked before: something is kept between calls"
