"""What a starred line claims: that its dX is the gradient with respect to X of all that follows.

For the line of equation n, what follows is the page's definitions from n on, or from the one after X's own if that is
later; everything before is held fixed. Names that are the gradient of no symbol, such as slope, are helpers: they are
proved by the lines that use them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from sabcore.proofs.evaluate import Numbers, Run
from sabcore.proofs.grammar import bare
from sabcore.proofs.half import Case, Half
from sabcore.proofs.page import Line


class Claim(NamedTuple):
    """After the starred lines up to `upto` have run, `gradient` is that of `symbol`; definitions `start` on count."""

    tags: tuple[str, ...]
    symbol: str
    gradient: str
    upto: int
    start: int


def claims(half: Half) -> Iterator[Claim]:
    """Every claim of a page's starred lines, in their order."""
    page = half.lines
    number = {tag: at for at, line in enumerate(page.definitions) for tag in line.tags}
    defined = {
        bare(target): at for at, line in enumerate(page.definitions) for e in line.equations for target in e.targets
    }
    for whole, parts in half.blocks.items():
        defined |= {part: defined.get(whole, -1) for part in parts}
    for at, line in enumerate(page.starred):
        for gradient in dict.fromkeys(line.symbols):
            symbol = gradient.removeprefix("d")
            if gradient != symbol and symbol in half.shapes:
                start = max(min(number[tag] for tag in line.tags), defined.get(symbol, -1) + 1)
                yield Claim(line.tags, symbol, gradient, at + 1, start)


def begin(half: Half, case: Case, numbers: Numbers, values: Mapping[str, Any]) -> Run:
    """A run over a half's symbols, with nothing computed yet."""
    functions = half.functions(numbers, case) if half.functions else {}
    sizes = {**half.sizes, **case.sizes}
    constants = {name: _constant(numbers, value) for name, value in case.constants.items()}
    return Run(numbers, {**constants, **values}, half.axes, sizes, half.blocks, functions)


def _constant(numbers: Numbers, value: Any) -> Any:
    if isinstance(value, int):
        return value
    return np.vectorize(lambda x: numbers.number(str(x)), otypes=[object])(np.array(value))


def objective(half: Half, run: Run, given: Mapping[str, Any]) -> list[Any]:
    """The sum of outputs times their given gradients, for every level; one level where there are none."""
    levels: list[Any] = []
    for output in half.outputs:
        gradient, value = given[f"d{output}"], run.values[output]
        parts = list(gradient) if half.axes[f"d{output}"].startswith("l") else [gradient]
        terms = [np.sum(np.multiply(part, value)) for part in parts]
        levels = [a + b for a, b in zip(levels, terms, strict=True)] if levels else terms
    return levels


def gradient_of(half: Half, claim: Claim, by_level: list[Any]) -> Any:
    """Derivatives by level, as the claim's gradient holds them: one for each level, or their sum."""
    return np.array(by_level, dtype=object) if half.axes[claim.gradient].startswith("l") else sum(by_level)


def starred_value(half: Half, case: Case, numbers: Numbers, run: Run, given: Mapping[str, Any], claim: Claim) -> Any:
    """What the page's starred lines give, up to the claim's."""
    backward = begin(half, case, numbers, {**run.values, **given})
    lines: tuple[Line, ...] = half.lines.starred[: claim.upto]
    return backward.lines(lines).values[claim.gradient]
