"""Fifty digits (mpmath): the page against difference quotients, and the plain engine against the page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import mpmath
import numpy as np

from sabcore.proofs.evaluate import Run
from sabcore.proofs.half import Case, Half
from sabcore.proofs.stage import Claim, begin, gradient_of, objective, starred_value

#: Working digits, and the step of the central difference: its error is of order step^2, that of rounding 1e-90 / step.
DIGITS, STEP = 90, "1e-25"
#: What page and difference quotient may differ by, of the largest element: far above 1e-50, far below any mistake.
ALLOWED = mpmath.mpf("1e-30")


class Digits:
    """Numbers of DIGITS digits; call inside `mpmath.workdps(DIGITS)`.

    `decided` lists what an earlier run decided: this one then decides the same, whatever its numbers. What a line holds
    fixed may stand exactly on an edge (a_(r) on theta), and the page's formulas are those of the side chosen.
    """

    def __init__(self, decided: Iterable[Any] | None = None) -> None:
        self.decisions: list[Any] = []
        self.decided = None if decided is None else iter(decided)

    def number(self, text: str) -> Any:
        return mpmath.mpf(text)

    def apply(self, function: str, x: Any) -> Any:
        if function == "sigmoid":
            return 1 / (1 + mpmath.exp(-x))
        return {"tanh": mpmath.tanh, "exp": mpmath.exp, "log": mpmath.log, "sqrt": mpmath.sqrt}[function](x)

    def positive(self, x: Any) -> bool:
        return self._decide(x > 0)

    def order(self, scores: Iterable[Any]) -> list[int]:
        values = list(scores)
        return self._decide(sorted(range(len(values)), key=lambda at: (-values[at], at)))

    def _decide(self, found: Any) -> Any:
        self.decisions.append(found if self.decided is None else next(self.decided))
        return self.decisions[-1]


def exact(array: Any) -> Any:
    """Floats -> the same numbers, with all their digits."""
    return np.vectorize(lambda x: mpmath.mpf(float(x)), otypes=[object])(array) if np.ndim(array) else mpmath.mpf(
        float(array)
    )  # fmt: skip


def draw(half: Half, case: Case, seed: int) -> dict[str, Any]:
    """Random float64 inputs and given gradients, or the case's own."""
    rng = np.random.default_rng(seed)
    names = [*half.inputs, *(f"d{name}" for name in half.outputs)]
    drawn = {name: rng.standard_normal(half.lengths(name, case)) for name in names}
    point = {name: np.asarray(value, dtype=float) for name, value in case.point.items()}
    return {name: value for name, value in {**drawn, **point}.items() if name not in case.constants}


def forward(half: Half, case: Case, values: dict[str, Any]) -> Run:
    inputs = {name: value for name, value in values.items() if name in half.inputs}
    return begin(half, case, Digits(), inputs).lines(half.lines.definitions)


def largest(array: Any) -> Any:
    return max((abs(x) for x in np.ravel(array)), default=mpmath.mpf(0))


def error_of(half: Half, case: Case, claim: Claim, run: Run, given: dict[str, Any]) -> Any:
    """|page - difference quotient|, largest element over largest element."""
    got = np.asarray(starred_value(half, case, Digits(), run, given, claim), dtype=object)
    want = np.asarray(_differences(half, case, claim, run, given), dtype=object)
    if got.shape != want.shape:
        return mpmath.inf
    scale = largest(want)
    return largest(got - want) / scale if scale else largest(got)


def _differences(half: Half, case: Case, claim: Claim, run: Run, given: dict[str, Any]) -> Any:
    """The gradient of what follows with respect to the claim's symbol, element by element."""
    step, value = mpmath.mpf(STEP), np.asarray(run.values[claim.symbol], dtype=object)
    here = Digits()
    _after(half, case, claim, run, value, here)
    decided = here.decisions if claim.start else None  # the whole function needs no help
    by_level: list[Any] = []
    for at in np.ndindex(*value.shape):
        levels = []
        for sign in (1, -1):
            moved = value.copy()
            moved[at] += sign * step
            levels.append(objective(half, _after(half, case, claim, run, moved, Digits(decided)), given))
        for level, (above, below) in enumerate(zip(*levels, strict=True)):
            if len(by_level) <= level:
                by_level.append(np.empty(value.shape, dtype=object))
            by_level[level][at] = (above - below) / (2 * step)
    return gradient_of(half, claim, by_level)


def _after(half: Half, case: Case, claim: Claim, run: Run, moved: Any, numbers: Digits) -> Run:
    """What follows, with the claim's symbol moved and everything before held fixed."""
    again = begin(half, case, numbers, run.values)
    again.set(claim.symbol, moved if moved.shape else moved.item())
    return again.lines(half.lines.definitions[claim.start :])


def engine_errors(half: Half, case: Case, values: dict[str, Any], seed: int) -> dict[str, tuple[Any, Any]]:
    """By gradient: |engine - page| and what is allowed, 8 times what one-ulp changes of the inputs do to the page."""
    page = _gradients(half, case, {name: exact(value) for name, value in values.items()})
    spread = {name: mpmath.mpf(0) for name in page}
    rng = np.random.default_rng(seed)
    for _ in range(3):
        ulps = {n: v * (1 + rng.choice([-1, 1], v.shape) * np.finfo(float).eps) for n, v in values.items()}
        moved = _gradients(half, case, {name: exact(value) for name, value in ulps.items()})
        spread = {name: max(spread[name], largest(moved[name] - page[name])) for name in page}
    engine = half.engine(values, case)
    return {
        name: (largest(exact(got) - page[name]) if np.shape(got) == np.shape(page[name]) else mpmath.inf,
               8 * spread[name])
        for name, got in engine.items()
    }  # fmt: skip


def _gradients(half: Half, case: Case, values: dict[str, Any]) -> dict[str, Any]:
    """What the page's starred lines give in the end."""
    run = forward(half, case, values)
    given = {name: value for name, value in values.items() if name not in half.inputs}
    return begin(half, case, Digits(), {**run.values, **given}).lines(half.lines.starred).values
