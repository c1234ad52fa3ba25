"""A term dropped from, or misplaced in, a starred line of `feed_forward.md` is caught."""

from __future__ import annotations

import pytest

pytest.importorskip("sympy")
from sabcore.proofs.transformer.feed_forward import HALF
from tests.proofs.dropped import is_caught


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("df_j if f_j > 0 else 0", "df_j"),
        ("dW_1 = sum_t du x^T", "dW_1 = sum_t df x^T"),
    ],
)
def test_a_wrong_line_is_caught(old: str, new: str) -> None:
    assert not is_caught(HALF, old, old)
    assert is_caught(HALF, old, new)
