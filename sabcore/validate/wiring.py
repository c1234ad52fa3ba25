"""The first step: is what the program answers an answer at all, and is it always the same?"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np

from sabcore.errors import TargetError
from sabcore.model.params import param_shapes
from sabcore.validate.program import Program
from sabcore.validate.question import STATES, Answer, Question

DTYPES = ("float64", "float32")


def shapes(question: Question) -> dict[str, tuple[int, ...]]:
    """Every tensor that an answer may hold, and its shape."""
    (T, B, _), H, O = question.x.shape, question.config.hidden_size, question.config.output_size  # noqa: E741
    found: dict[str, tuple[int, ...]] = {"y": (T, B, O)}
    found |= {name: (T, B, H) for name in STATES}
    found |= {f"grad.{name}": shape for name, shape in param_shapes(question.config).items()}
    return found | {"grad.x": question.x.shape, "grad.h0": (B, H), "grad.c0": (B, H)}


def answer_problems(question: Question, answer: Answer) -> Iterator[tuple[str, str]]:
    """A tensor and what is wrong with it, for an answer that cannot be compared."""
    if "y" not in answer.tensors:
        yield "y", f"your answer holds {', '.join(answer.tensors) or 'nothing'}, but should hold y"
    for name, shape in shapes(question).items():
        value = answer.tensors.get(name)
        if value is None:
            continue
        if value.dtype.name not in DTYPES:
            yield name, f"yours is {value.dtype}, but should be float64"
        elif value.shape != shape:
            yield name, f"yours has shape {value.shape}, but should have {shape}{_hint(value.shape, shape)}"
    for name in answer.wrote:
        yield name, "your program writes into its input"


def _hint(got: tuple[int, ...], want: tuple[int, ...]) -> str:
    if len(want) == 3 and got == (want[1], want[0], want[2]):
        return ": it is batch-first, and should be time-major"
    return ": it is the transpose" if got == want[::-1] else ""


def unknown(question: Question, answer: Answer) -> list[str]:
    """The names in an answer that the contract does not know."""
    known = shapes(question)
    return [name for name in answer.tensors if name not in known]


def dtype_of(answer: Answer) -> str:
    """float32 if any tensor is, which sets what can be told apart."""
    return "float32" if any(value.dtype == np.float32 for value in answer.tensors.values()) else "float64"


def repeat_problem(program: Program, question: Question, other: Question, first: Answer) -> str | None:
    """Why the same question gets different answers; None if it does not, also with another one in between."""
    again = program.ask(question)
    with contextlib.suppress(TargetError):
        program.ask(other)
    if same(first, again) and same(first, program.ask(question)):
        return None
    fresh = []
    for _ in range(2):
        program.stop()
        fresh.append(program.ask(question))
    return _STATE if same(*fresh) else _CHANCE


_STATE = "your answer depends on what was asked before: something is kept between calls"
_CHANCE = "the same question gets different answers: your program is not repeatable"


def same(one: Answer, other: Answer) -> bool:
    """Whether two answers are equal up to the order in which sums are added; NaN equals NaN."""
    if set(one.tensors) != set(other.tensors):
        return False
    return all(
        value.shape == other.tensors[name].shape
        and np.allclose(value, other.tensors[name], rtol=1e-6, atol=1e-9 * (1 + _size(value)), equal_nan=True)
        for name, value in one.tensors.items()
    )


def _size(value: np.ndarray) -> float:
    finite = value[np.isfinite(value)]
    return float(np.abs(finite).max(initial=0.0))
