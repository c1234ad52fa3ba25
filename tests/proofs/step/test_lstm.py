"""A term dropped from, or misplaced in, a starred line of `lstm.md` is caught; the engine gives what it is held to."""

from __future__ import annotations

import pytest

pytest.importorskip("sympy")
from sabcore.proofs.step.lstm import HALF
from tests.proofs.dropped import compared, is_caught


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("dc_new = dc_new + dhhat o (1 - u^2)", "dc_new = dhhat o (1 - u^2)"),
        ("dc = dc_new f,", "dc = dc_new i,"),
        ("df     = dc_new c,", "df     = dc_new c_new,"),
        ("dz_f = df f (1 - f)", "dz_f = df f"),
        ("dz     = (dz_i, dz_f, dz_g, dz_o)", "dz     = (dz_i, dz_g, dz_f, dz_o)"),
        ("dW_hh = sum_t dz h^T", "dW_hh = sum_t dz hhat^T"),
    ],
)
def test_a_wrong_line_is_caught(old: str, new: str) -> None:
    assert not is_caught(HALF, old, old)
    assert is_caught(HALF, old, new)


@pytest.mark.parametrize("case", [*HALF.cases, *HALF.more_cases], ids=lambda case: case.name)
def test_the_engine_gives_the_steps_gradients(case) -> None:
    assert compared(HALF, case) == {"dz", "dh", "dc"}  # the loop takes the weights' from dz
