"""Which gradient a program computes, given its forward pass: what is cut, and which line of ours it lacks or has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import combinations

from sabcore.model.config import SABConfig
from sabcore.validate.fields import field_names, variants, without_backward
from sabcore.validate.forward_search import Ranked
from sabcore.validate.mistakes import DETACHED, MISTAKES, Mistake
from sabcore.validate.observed import Observed
from sabcore.validate.ours import Hypothesis, Run, run_backward, run_forward

#: Wrong maps are candidates too: some of them move gradients alone.
BACKWARD_MISTAKES = [mistake for mistake in MISTAKES if mistake.kind == "backward" or not mistake.takes_effect_forward]
_BACKWARD_FIELDS = field_names(forward=False)


def search_backward(fits: list[Hypothesis], cases: list[Observed], deadline: float) -> Ranked:
    """Hypotheses whose outputs fit -> the same with choices and mistakes of the backward pass, until gradients fit."""
    ranked, gradients = Ranked(deadline), Gradients(cases)
    for stage in _stages(fits):
        if ranked.try_all(stage(), gradients.measure):
            break
    return ranked


class Gradients:
    """How well hypotheses explain gradients. A forward pass is run once for all choices of the backward pass."""

    def __init__(self, cases: list[Observed]) -> None:
        self.cases = cases
        self.runs: dict[tuple[Hypothesis, int], Run | None] = {}

    def measure(self, hypothesis: Hypothesis) -> tuple[int, float]:
        """How many gradients of the first case agree, and the error over all cases as far as they were run."""
        agreeing, worst = 0, 0.0
        for number, case in enumerate(self.cases):
            run = self._run(hypothesis, number)
            grads = run_backward(run, case.question, hypothesis.config) if run else None
            if grads is None:
                return agreeing, float("inf")
            errors = [case.error(grads, [name]) for name in case.grads if name in grads]
            agreeing = sum(error <= 1 for error in errors) if number == 0 else agreeing
            worst = max([worst, *errors])
            if not worst <= 1:
                break
        return agreeing, worst

    def _run(self, hypothesis: Hypothesis, number: int) -> Run | None:
        key = (Hypothesis(_what_forward_keeps(hypothesis.config), hypothesis.mistakes), number)
        if key not in self.runs:
            self.runs[key] = run_forward(hypothesis, self.cases[number].question)
        return self.runs[key]


def _what_forward_keeps(config: SABConfig) -> SABConfig:
    """The configuration as far as a tape depends on it: which slots send gradient is written there."""
    return without_backward(config, keep=("k_back",))


def _stages(fits: list[Hypothesis]) -> Iterator[Callable[[], Iterable[Hypothesis]]]:
    first = fits[:1]
    yield lambda: fits
    yield lambda: _fields_away(fits, 1)
    yield lambda: _with_mistakes(fits, BACKWARD_MISTAKES, 1)
    yield lambda: _fields_away(fits, 2)
    yield lambda: _with_mistakes(first, DETACHED, 2)
    yield lambda: _with_mistakes(list(_fields_away(first, 1)), BACKWARD_MISTAKES, 1)
    yield lambda: _fields_away(first, 3)
    yield lambda: _with_mistakes(first, BACKWARD_MISTAKES, 2)


def _fields_away(fits: list[Hypothesis], count: int) -> Iterator[Hypothesis]:
    for fit in fits:
        for config in variants(fit.config, _BACKWARD_FIELDS, count):
            yield fit._replace(config=config)


def _with_mistakes(fits: list[Hypothesis], known: list[Mistake], count: int) -> Iterator[Hypothesis]:
    for fit in fits:
        for mistakes in combinations(known, count):
            yield fit._replace(mistakes=fit.mistakes + mistakes)
