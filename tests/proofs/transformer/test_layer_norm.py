"""A term dropped from, or misplaced in, a starred line of `layer_norm.md` is caught."""

from __future__ import annotations

import pytest

pytest.importorskip("sympy")
from sabcore.proofs.transformer.layer_norm import HALF
from tests.proofs.dropped import is_caught


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("dc_j - sum_i dc_i / H ", "dc_j "),
        ("n_j sum_i n_i dn_i / H) / r", "n_j sum_i n_i dn_i) / r"),
        ("dgain_j = sum_t dy_j n_j,", "dgain_j = sum_t dn_j n_j,"),
    ],
)
def test_a_wrong_line_is_caught(old: str, new: str) -> None:
    assert not is_caught(HALF, old, old)
    assert is_caught(HALF, old, new)
