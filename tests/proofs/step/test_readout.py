"""A term dropped from, or misplaced in, a starred line of `readout.md` is caught; the engine gives all of them."""

from __future__ import annotations

import pytest

pytest.importorskip("sympy")
from sabcore.proofs.step.readout import HALF
from tests.proofs.dropped import compared, is_caught


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("dh = V_h^T dy", "dh = V_s^T dy"),
        ("dV_s = sum_t dy s^T", "dV_s = sum_t dy h^T"),
        ("dd = sum_t dy", "dd = sum_t y"),
    ],
)
def test_a_wrong_line_is_caught(old: str, new: str) -> None:
    assert not is_caught(HALF, old, old)
    assert is_caught(HALF, old, new)


@pytest.mark.parametrize("case", [*HALF.cases, *HALF.more_cases], ids=lambda case: case.name)
def test_the_engine_gives_every_gradient(case) -> None:
    assert compared(HALF, case) == {"dh", "ds", "dV_h", "dV_s", "dd"}
