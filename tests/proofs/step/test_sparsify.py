"""A term dropped from a starred line of `sparsify.md` is caught; the regions are all of them; the engine gives da."""

from __future__ import annotations

import pytest

pytest.importorskip("sympy")
from sabcore.proofs.half import Half
from sabcore.proofs.step.sparsify import HALVES, RAW, SOFTMAX, THRESHOLD
from tests.proofs.dropped import compared, is_caught


@pytest.mark.parametrize(
    ("half", "old", "new"),
    [
        (THRESHOLD, "da_j = dv_j if v_j > 0 else 0", "da_j = dv_j"),
        (THRESHOLD, "da_(r) = da_(r) - sum_j da_j", "da_(r) = da_(r)"),
        (THRESHOLD, "+ dw_(1) eps / S) / S", ") / S"),
        (SOFTMAX, "w_j (dw_j - sum_i w_i dw_i)", "w_j dw_j"),
        (SOFTMAX, "da_j = dz_j / temperature", "da_j = dz_j"),
        (RAW, "da_j = dw_j ", "da_j = 2 dw_j "),
    ],
)
def test_a_wrong_line_is_caught(half: Half, old: str, new: str) -> None:
    assert not is_caught(half, old, old)
    assert is_caught(half, old, new)


def test_every_order_rank_and_number_of_active_slots_is_a_region() -> None:
    three = [case for case in THRESHOLD.cases if case.sizes["j"] == 3]
    four = [case for case in THRESHOLD.cases if case.sizes["j"] == 4]
    assert len({(case.point["a"], case.constants["r"], case.point["margin"]) for case in three}) == 6 * 3 * 3
    active = {(case.constants["r"], sum(float(a) > float(case.point["a"][case.constants["r"] - 1])
               + float(case.point["margin"]) for a in case.point["a"])) for case in four}  # fmt: skip
    assert active == {(1, 0), (1, 1), (1, 2), (1, 4), (2, 0), (2, 1), (2, 3), (2, 4), (3, 1), (3, 3), (3, 4),
                      (4, 2), (4, 3), (4, 4)}  # fmt: skip


@pytest.mark.parametrize("half", HALVES, ids=lambda half: half.letter)
def test_the_engine_gives_the_scores_gradient(half: Half) -> None:
    for case in half.cases if half is not THRESHOLD else [c for c in half.cases if c.constants["r"] == 3][::7]:
        assert compared(half, case) == {"da"}
