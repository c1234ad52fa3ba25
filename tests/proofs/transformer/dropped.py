"""A page with some of its text changed must be rejected by its proof."""

from __future__ import annotations

from dataclasses import replace

import mpmath

from sabcore.proofs import digits
from sabcore.proofs.half import Half, page_text, select
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
