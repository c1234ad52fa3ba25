"""A term dropped from, or misplaced in, a starred line of `recall.md` is caught; the engine gives every gradient."""

from __future__ import annotations

import pytest

pytest.importorskip("sympy")
from sabcore.proofs.step.recall import HALF
from tests.proofs.dropped import compared, is_caught


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("dw_j = m_j . ds", "dw_j = s . ds"),
        ("dm_j = w_j sum_l ds_l", "dm_j = a_j sum_l ds_l"),
        ("da   = sparsify*(dw)", "da   = dw"),
        ("score*(da)", "score*(dw)"),
    ],
)
def test_a_wrong_line_is_caught(old: str, new: str) -> None:
    assert not is_caught(HALF, old, old)
    assert is_caught(HALF, old, new)


@pytest.mark.parametrize(
    "case", [case for case in (*HALF.cases, *HALF.more_cases) if case.constants["r"] > 1], ids=lambda case: case.name
)
def test_the_engine_gives_every_gradient(case) -> None:
    assert compared(HALF, case) == {"dm", "dk", "dq", "dweights"}
