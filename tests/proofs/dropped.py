"""A page with some of its text changed must be rejected by its proof, and an engine that gives other numbers too."""

from __future__ import annotations

from dataclasses import replace

import mpmath

from sabcore.proofs import digits
from sabcore.proofs.half import Case, Half, page_text, select
from sabcore.proofs.page import read_page
from tests.proofs.test_wrong_signs import is_caught_by_digits


def is_caught(half: Half, old: str, new: str) -> bool:
    """Whether difference quotients tell that `new` stands where `old` should, on one starred line."""
    text = page_text(half.page)
    assert text.count(old) == 1, old
    changed = replace(half)
    changed.__dict__["lines"] = select(read_page(text.replace(old, new)), half.letter)
    with mpmath.workdps(digits.DIGITS):
        return is_caught_by_digits(changed)


def compared(half: Half, case: Case) -> set[str]:
    """The gradients that the engine gives: each is the page's, and 1e-9 more of it would not be."""
    with mpmath.workdps(digits.DIGITS):
        drawn = digits.draw(half, case, seed=1)
        right = digits.engine_errors(half, case, drawn, seed=2)
        off = replace(half, engine=lambda values, at: {k: v * (1 + 1e-9) for k, v in half.engine(values, at).items()})
        wrong = digits.engine_errors(off, case, drawn, seed=2)
    assert [name for name, (error, allowed) in right.items() if not error <= allowed] == []
    assert [name for name, (error, allowed) in wrong.items() if error <= allowed] == []
    return set(right)
