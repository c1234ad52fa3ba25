"""A term dropped from, or misplaced in, a starred line of `network.md` is caught."""

from __future__ import annotations

import pytest

pytest.importorskip("sympy")
from sabcore.proofs.transformer.network import HALF
from tests.proofs.dropped import is_caught


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("layer_norm*(dn, g)", "layer_norm*(dn, e)"),
        ("de = blocks*(dg, e)", "de = blocks*(dn, e)"),
    ],
)
def test_a_wrong_line_is_caught(old: str, new: str) -> None:
    assert not is_caught(HALF, old, old)
    assert is_caught(HALF, old, new)
