"""Which forward pass a program computes: hypotheses in order of how far they are from the claim, until one fits."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import combinations, groupby
from typing import NamedTuple

import numpy as np

from sabcore.model.config import SABConfig
from sabcore.validate.fields import canonical, field_names, presets_like, variants, without_backward
from sabcore.validate.fit import fitted, fitted_pair
from sabcore.validate.mistakes import INITIAL, MISTAKES, Mistake
from sabcore.validate.mistakes.window import last_slots
from sabcore.validate.observed import Observed
from sabcore.validate.ours import Hypothesis, run_forward

FORWARD_MISTAKES = [mistake for mistake in MISTAKES if mistake.kind != "backward"]
#: Wrong maps of parameters.
MAPS = [mistake for mistake in MISTAKES if mistake.takes is not None]
#: Mistakes that are made together with others: not the wrong maps of parameters, which stand alone, and not the
#: one-line mutants, in which forward and backward contradict each other.
_PORTS = [mistake for mistake in FORWARD_MISTAKES if mistake.kind == "forward" and not mistake.is_mutant]
#: The score is what the parameters are for: it is asked, not guessed.
_FORWARD_FIELDS = [name for name in field_names(forward=True) if name != "score"]

#: How many of the best hypotheses are tried with a memory that forgets.
_NEAREST = 3


class Tried(NamedTuple):
    """A hypothesis, at how many steps of the first case y agreed, and the largest error in units of what is allowed."""

    hypothesis: Hypothesis
    steps: int
    error: float


class Ranked:
    """Hypotheses that were tried, and those that fit."""

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.tried: list[Tried] = []
        self.fits: list[Hypothesis] = []

    def try_all(self, hypotheses: Iterable[Hypothesis], measure: Callable[[Hypothesis], tuple[int, float]]) -> bool:
        """Try some; True if one fits, or the time is over."""
        for hypothesis in hypotheses:
            if time.process_time() > self.deadline:
                return True
            tried = Tried(hypothesis, *measure(hypothesis))
            self.tried.append(tried)
            if tried.error <= 1:
                self.fits.append(hypothesis)
        return bool(self.fits)

    @property
    def nearest(self) -> list[Tried]:
        """Best first, and of those that come equally near only the one tried first."""
        ranked = sorted(self.tried, key=lambda tried: (-tried.steps, tried.error))
        return [next(group) for _, group in groupby(ranked, key=lambda tried: tried[1:])]


class Outputs:
    """How well hypotheses explain y. The steps up to where the claim departs are run first: few get beyond them.

    `cases`: the first from which the claim departs, and then the others.
    """

    def __init__(self, claim: SABConfig, cases: list[Observed]) -> None:
        agreeing = [self._agreeing(Hypothesis(claim), case) for case in cases]
        first = next((number for number, (_, error) in enumerate(agreeing) if not error <= 1), None)
        self.cases, self.start = cases, cases[0].first(1)
        if first is not None:
            self.cases = [cases[first], *cases[:first], *cases[first + 1 :]]
            self.start = cases[first].first(agreeing[first][0] + 1)

    def measure(self, hypothesis: Hypothesis) -> tuple[int, float]:
        """Steps of the first case that agree, and the error over all cases as far as they were run."""
        steps, error = self._agreeing(hypothesis, self.start)
        if error > 1:
            return steps, error
        for number, case in enumerate(self.cases):
            agreeing, worst = self._agreeing(hypothesis, case)
            steps, error = agreeing if number == 0 else steps, max(error, worst)
            if error > 1:
                break
        return steps, error

    @staticmethod
    def _agreeing(hypothesis: Hypothesis, case: Observed) -> tuple[int, float]:
        run = run_forward(hypothesis, case.question)
        if run is None:
            return 0, float("inf")
        apart = np.flatnonzero(case.steps_apart(run.outputs, "y"))
        return (int(apart[0]) if len(apart) else len(case.question.x)), case.error(run.outputs, ["y"])


def search_forward(claim: SABConfig, cases: list[Observed], deadline: float) -> Ranked:
    """Try the claim, presets, a field, a mistake, then two of these, until something fits.

    A wrong map of parameters that explains the first step, where there is no memory yet, is part of all that is tried.
    """
    ranked, outputs = Ranked(deadline), Outputs(claim, cases)
    maps, states = _explaining_the_first_step(claim, cases[0]), any(case.question.h0 is not None for case in cases)
    for stage in _stages(_bases(claim), outputs.cases[0], states, ranked):
        if ranked.try_all(_mapped(stage(), maps), outputs.measure):
            break
    return ranked


def _explaining_the_first_step(claim: SABConfig, case: Observed) -> tuple[Mistake, ...]:
    """The maps of parameters by which step 1 is what it should be, if it is not without."""
    start = Outputs(claim, [case.first(1)])
    if start.measure(Hypothesis(claim))[1] <= 1:
        return ()
    return tuple(mistake for mistake in MAPS if start.measure(Hypothesis(claim, (mistake,)))[1] <= 1)


def _mapped(hypotheses: Iterable[Hypothesis], maps: tuple[Mistake, ...]) -> Iterator[Hypothesis]:
    """Hypotheses with each of these maps as well, where they have none of their own."""
    for hypothesis in hypotheses:
        if not maps or any(mistake in MAPS for mistake in hypothesis.mistakes):
            yield hypothesis
        else:
            yield from (hypothesis._replace(mistakes=(found, *hypothesis.mistakes)) for found in maps)


def _bases(claim: SABConfig) -> list[SABConfig]:
    """The claim, and the presets of another forward pass, with its score: a program has the parameters of one."""
    presets = [dataclasses.replace(preset, score=claim.score) for preset in presets_like(claim).values()]
    found = {canonical(without_backward(config)): config for config in reversed([claim, *presets])}
    return list(found.values())[::-1]


def _stages(
    bases: list[SABConfig], case: Observed, states: bool, ranked: Ranked
) -> Iterator[Callable[[], Iterable[Hypothesis]]]:
    """`case` departs from the claim; `states`: some question gives initial ones; `ranked`: what was tried so far."""
    mistakes, ports = ([m for m in known if states or m not in INITIAL] for known in (FORWARD_MISTAKES, _PORTS))
    yield lambda: map(Hypothesis, bases)
    yield lambda: _fields_away(bases, 1)
    yield lambda: _fitted(bases, case)
    yield lambda: _mistakes_on(bases, mistakes)
    yield lambda: _fields_away(bases[:1], 2)
    yield lambda: _shortened(ranked.nearest[:_NEAREST])
    yield lambda: _fitted(_near(bases[:1]), case)
    yield lambda: (Hypothesis(found) for base in bases for found in fitted_pair(base, case))
    yield lambda: _mistakes_on(_near(bases[:1]), ports)
    yield lambda: _pairs_on(bases[:1], ports)
    yield lambda: _fields_away(bases[1:], 2)
    yield lambda: _mistakes_on(_near(bases[1:]), ports)
    yield lambda: _pairs_on(bases[1:], ports)


def _shortened(nearest: list[Tried]) -> Iterator[Hypothesis]:
    """Each of these with a memory of as many slots as the last step that agrees sees, and of fewer."""
    for (config, mistakes), steps, _ in nearest:
        for count in range(config.slots_before(steps) if config.has_memory and steps else 0, 0, -1):
            yield Hypothesis(config, (*mistakes, last_slots(count)))


def _near(bases: list[SABConfig]) -> Iterator[SABConfig]:
    for base in bases:
        yield from variants(base, _FORWARD_FIELDS, 1)


def _fields_away(bases: list[SABConfig], count: int) -> Iterator[Hypothesis]:
    seen: set[SABConfig] = set()
    for base in bases:
        for config in variants(base, _FORWARD_FIELDS, count):
            if canonical(config) not in seen:
                seen.add(canonical(config))
                yield Hypothesis(config)


def _mistakes_on(configs: Iterable[SABConfig], mistakes: list[Mistake]) -> Iterator[Hypothesis]:
    yield from (Hypothesis(config, (mistake,)) for config in configs for mistake in mistakes)


def _pairs_on(configs: Iterable[SABConfig], mistakes: list[Mistake]) -> Iterator[Hypothesis]:
    yield from (Hypothesis(config, pair) for config in configs for pair in combinations(mistakes, 2))


def _fitted(configs: Iterable[SABConfig], case: Observed) -> Iterator[Hypothesis]:
    for config in configs:
        yield from map(Hypothesis, fitted(config, case))
