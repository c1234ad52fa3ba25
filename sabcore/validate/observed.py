"""One question with a program's answer, and how near an answer of ours comes to it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property

import numpy as np

from sabcore.compare.tensors import TINY, TensorReport, compare_tensor
from sabcore.validate.question import STATES, Answer, Question, Tensors

#: The largest error that passes, scaled by a tensor's largest value, by the dtype that the program computes in: what
#: the project promises for float64, and 1024 units of rounding for float32.
ALLOWED = {"float64": 1e-9, "float32": 1024 * 2.0**-24}
#: Errors below this part of the largest tensor of its kind are what is left where numbers cancel.
_CANCELLED = {"float64": 64 * 2.0**-53, "float32": 64 * 2.0**-24}


class Observed:
    """A question and the program's answer to it. `floors`, where measured, allow for what rounding does near a tie."""

    def __init__(
        self, question: Question, answer: Answer, dtype: str = "float64", floors: Mapping[str, float] | None = None
    ) -> None:
        self.question, self.answer, self.dtype = question, answer, dtype
        self.floors = dict(floors or {})

    @property
    def theirs(self) -> Tensors:
        """Their tensors."""
        return self.answer.tensors

    @cached_property
    def grads(self) -> list[str]:
        """The names of the gradients that they give."""
        return [name for name in self.theirs if name.startswith("grad.")]

    @cached_property
    def outputs(self) -> list[str]:
        """y, and those of the states that they give."""
        return [name for name in ("y", *STATES) if name in self.theirs]

    def first(self, steps: int) -> Observed:
        """The outputs y of the first steps alone."""
        question = self.question._replace(x=self.question.x[:steps], dy=self.question.dy[:steps])
        return Observed(question, Answer({"y": self.theirs["y"][:steps]}), self.dtype, self.floors)

    def report(self, ours: Mapping[str, np.ndarray], name: str, part: slice = slice(None)) -> TensorReport:
        """One tensor, or part of its steps, against ours."""
        theirs, own = _without(self.theirs[name][part], ours[name][part])
        return compare_tensor(name, theirs, own, ALLOWED[self.dtype], self.scale(ours, name))

    def error(self, ours: Mapping[str, np.ndarray], names: list[str]) -> float:
        """The largest error of the named tensors, as far as both sides have them, in units of what is allowed."""
        both = [name for name in names if name in ours and name in self.theirs]
        return max((self.report(ours, name).excess for name in both), default=math.inf)

    def scale(self, ours: Mapping[str, np.ndarray], name: str) -> float:
        """What an error of a tensor is measured by: its largest value, or the floor under it."""
        both = [other for other in ours if other in self.theirs]
        kind = [other for other in both if other.startswith("grad.") == name.startswith("grad.")]
        most = max((largest(ours[other]) for other in kind), default=0.0)
        cancelled = most * _CANCELLED[self.dtype] / ALLOWED[self.dtype]
        return max(largest(ours[name]), self.floors.get(name, 0.0), cancelled, TINY)

    def steps_apart(self, ours: Mapping[str, np.ndarray], name: str) -> np.ndarray:
        """(T,): at which steps a tensor over time is further from ours than allowed."""
        theirs, own = _without(self.theirs[name], ours[name])
        if theirs.shape != own.shape:
            return np.ones(len(own), dtype=bool)
        with np.errstate(invalid="ignore"):
            near = np.abs(theirs - own) <= ALLOWED[self.dtype] * self.scale(ours, name)
        return ~near.all(axis=(1, 2))

    def relative(self, ours: Mapping[str, np.ndarray], name: str, step: int | None = None) -> float:
        """The error of a tensor, of one step of it if given, by its largest value."""
        return self.report(ours, name, slice(None) if step is None else slice(step - 1, step)).error


def _without(theirs: np.ndarray, ours: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both with zeros where neither is finite: a hypothesis may say that a program computes 0 / 0 there."""
    if theirs.shape != ours.shape or np.isfinite(ours).all():
        return theirs, ours
    neither = ~np.isfinite(theirs) & ~np.isfinite(ours)
    return np.where(neither, 0.0, theirs), np.where(neither, 0.0, ours)


def distance(one: np.ndarray, other: np.ndarray) -> float:
    """max|one - other|, infinite where one is not finite."""
    found = float(np.abs(one - other).max(initial=0.0))
    return found if math.isfinite(found) else math.inf


def largest(value: np.ndarray) -> float:
    """The largest absolute value of those that are finite."""
    return float(np.abs(value).max(initial=0.0, where=np.isfinite(value)))
