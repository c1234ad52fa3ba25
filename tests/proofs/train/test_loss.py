"""A term dropped from, or misplaced in, a starred line of `loss.md` is caught; the engine gives dy."""

from __future__ import annotations

import pytest

pytest.importorskip("sympy")
from sabcore.proofs.half import Half
from sabcore.proofs.train.loss import CROSS_ENTROPY, HALVES, SQUARED_ERROR
from tests.proofs.dropped import compared, is_caught


@pytest.mark.parametrize(
    ("half", "old", "new"),
    [
        (CROSS_ENTROPY, "dl     = dloss w / W", "dl     = dloss w"),
        (CROSS_ENTROPY, "dz_o   = -dl hot_o", "dz_o   = -dl"),
        (CROSS_ENTROPY, "dl exp(z_o - L)", "dl exp(z_o)"),
        (SQUARED_ERROR, "(2 dloss w / W) r_o", "(dloss w / W) r_o"),
        (SQUARED_ERROR, "dy_o   = dr_o", "dy_o   = 2 dr_o"),
    ],
)
def test_a_wrong_line_is_caught(half: Half, old: str, new: str) -> None:
    assert not is_caught(half, old, old)
    assert is_caught(half, old, new)


@pytest.mark.parametrize("half", HALVES, ids=lambda half: half.letter)
def test_the_engine_gives_the_outputs_gradient(half: Half) -> None:
    assert compared(half, half.cases[0]) == {"dy"}
