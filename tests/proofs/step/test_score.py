"""A term dropped from, or misplaced in, a starred line of `score.md` is caught; the engine gives every gradient."""

from __future__ import annotations

import pytest

pytest.importorskip("sympy")
from sabcore.proofs.half import Half
from sabcore.proofs.step.score import ADDITIVE, HALVES, SEPARABLE
from tests.proofs.dropped import compared, is_caught


@pytest.mark.parametrize(
    ("half", "old", "new"),
    [
        (ADDITIVE, "slope_j  = w_a (1 - e_j^2)", "slope_j  = w_a (1 - e_j)"),
        (ADDITIVE, "dk_j     = da_sum_j slope_j", "dk_j     = da_sum_j e_j"),
        (ADDITIVE, "dW_q = sum_lt dq hhat^T", "dW_q = 2 sum_lt dq hhat^T"),
        (ADDITIVE, "dm_j     = W_m^T dk_j", "dm_j     = W_q^T dk_j"),
        (SEPARABLE, "sum_l da_lj,   dq = sum_j da_j", "sum_l da_lj,   dq = 2 sum_j da_j"),
        (SEPARABLE, "dq u_q (1 - tanh(hhat)^2)", "dq u_q"),
        (SEPARABLE, "du_m = sum_j dk_j tanh(m_j)", "du_m = sum_j dk_j m_j"),
    ],
)
def test_a_wrong_line_is_caught(half: Half, old: str, new: str) -> None:
    assert not is_caught(half, old, old)
    assert is_caught(half, old, new)


GIVEN = {ADDITIVE.letter: {"dW_m", "dW_q", "dw_a"}, SEPARABLE.letter: {"du_q", "du_m"}}


@pytest.mark.parametrize("half", HALVES, ids=lambda half: half.letter)
def test_the_engine_gives_every_gradient(half: Half) -> None:
    for case in (*half.cases, *half.more_cases):
        assert compared(half, case) == {"dk", "dq", "dhhat", "dm"} | GIVEN[half.letter]
