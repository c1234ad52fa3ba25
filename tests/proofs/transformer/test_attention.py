"""A term dropped from, or misplaced in, a starred line of `attention.md` is caught."""

from __future__ import annotations

import pytest

pytest.importorskip("sympy")
from sabcore.proofs.transformer.attention import HALF
from tests.proofs.dropped import is_caught


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("(dw_ntj - sum_i w_nti dw_nti)", "(dw_ntj)"),
        ("sum_t da_ntj q_nt / scale ", "sum_t da_ntj q_nt "),
        ("dv_nj = sum_t w_ntj ds_nt ", "dv_nj = sum_t dw_ntj ds_nt "),
        ("W_k_n^T dk_nt + W_v_n^T dv_nt)", "W_k_n^T dk_nt)"),
    ],
)
def test_a_wrong_line_is_caught(old: str, new: str) -> None:
    assert not is_caught(HALF, old, old)
    assert is_caught(HALF, old, new)
