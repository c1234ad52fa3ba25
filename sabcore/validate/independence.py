"""Does a sequence's result depend on the other sequences of its batch? It never should; one sequence alone hides it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sabcore.validate.observed import ALLOWED
from sabcore.validate.program import Program
from sabcore.validate.question import Answer, Question

#: Tensors with a batch axis, and which it is.
_BATCH_AXIS = {"y": 1, "h": 1, "s": 1, "c": 1, "grad.x": 1}


class Leak(NamedTuple):
    """A tensor of sequences that were left alone, the first step at which it moved, and how far, of its largest."""

    tensor: str
    step: int
    moved: float


def leaks(program: Program, question: Question, answer: Answer, dtype: str) -> list[Leak] | None:
    """Ask again with the last sequence's x and dy exchanged for others; None for a batch of one."""
    if question.x.shape[1] < 2:
        return None
    x, dy = question.x.copy(), question.dy.copy()
    x[:, -1], dy[:, -1] = x[::-1, -1] + 1.0, -dy[::-1, -1]
    again = program.ask(question._replace(x=x, dy=dy))
    return [leak for name in _BATCH_AXIS if (leak := _leak(name, answer, again, dtype)) is not None]


def _leak(name: str, answer: Answer, again: Answer, dtype: str) -> Leak | None:
    before, after = answer.tensors.get(name), again.tensors.get(name)
    if before is None or after is None or before.shape != after.shape:
        return None
    kept, moved = before[:, :-1].astype(np.float64), after[:, :-1].astype(np.float64)
    if not (np.isfinite(kept).all() and np.isfinite(moved).all()):
        return None
    apart = np.abs(moved - kept).max(axis=(1, 2)) / max(float(np.abs(kept).max()), float(np.finfo(np.float64).tiny))
    steps = np.flatnonzero(apart > ALLOWED[dtype])
    return Leak(name, int(steps[0]) + 1, float(apart.max())) if len(steps) else None
