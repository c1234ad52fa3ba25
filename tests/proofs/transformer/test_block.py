"""A term dropped from, or misplaced in, a starred line of `block.md` is caught."""

from __future__ import annotations

import pytest

pytest.importorskip("sympy")
from sabcore.proofs.transformer.block import HALF
from tests.proofs.dropped import is_caught


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("dm = dy + layer_norm*(dr, m)", "dm = layer_norm*(dr, m)"),
        ("dp = attention*(dm, p)", "dp = attention*(dy, p)"),
        ("layer_norm*(dp, x)", "layer_norm*(dp, m)"),
    ],
)
def test_a_wrong_line_is_caught(old: str, new: str) -> None:
    assert not is_caught(HALF, old, old)
    assert is_caught(HALF, old, new)
