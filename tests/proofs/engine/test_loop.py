"""The loop that runs the pages: budgets, copies, cuts and slots, each by its page's own rule."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

from sabcore.model.config import SABConfig
from sabcore.proofs.digits import Digits
from sabcore.proofs.engine import loop
from sabcore.proofs.engine.loop import Setup, Whole

SIZES: dict[str, Any] = {"input_size": 1, "hidden_size": 1, "output_size": 1, "attention_size": 1, "k_top": 1}


def setup(T: int = 6, **fields: Any) -> Setup:
    return Setup(SABConfig(**{**SIZES, **fields}), T, Digits(), {})


@pytest.mark.parametrize(
    ("fields", "budgets", "copies", "taken"),
    [
        ({}, (None, None), 1, (0, 0)),
        ({"k_trunc": 3}, (None, None), 1, (0, 0)),
        ({"k_trunc": 3, "truncation": "sliding"}, (2, 2), 3, (2, 2)),
        ({"k_trunc": 3, "k_remind": 1, "truncation": "sliding"}, (2, 0), 3, (2, 0)),
        ({"k_trunc": 1, "k_remind": 4, "truncation": "sliding"}, (0, 3), 4, (0, 3)),
        ({"k_trunc": None, "k_remind": 2, "truncation": "sliding"}, (None, 1), 3, (2, 1)),
        ({"k_trunc": None, "truncation": "sliding"}, (None, None), 1, (0, 0)),
    ],
)
def test_budgets_are_copies_and_what_has_none_takes_one_above(fields, budgets, copies, taken) -> None:
    made = setup(**fields)
    assert (made.budgets(), made.copies, made.taken()) == (budgets, copies, taken)


def test_segments_are_cut_where_their_page_says() -> None:
    cut = {offset: [t for t in range(1, 10) if setup(k_trunc=3, segment_offset=offset).cut(t)] for offset in (0, 1)}
    assert cut == {0: [4, 7], 1: [3, 6, 9]}  # steps 1 to 3 are a segment, or 1 and 2
    assert not any(setup(k_trunc=3, truncation="sliding").cut(t) for t in range(1, 10))
    assert not any(setup().cut(t) for t in range(1, 10))


@pytest.mark.parametrize(
    ("fields", "wrote"),
    [
        ({"k_att": 2}, {2: 0, 4: 1, 6: 2}),
        ({"k_att": 3, "memory_start": "zero_state"}, {0: 0, 3: 1, 6: 2}),
        ({"k_att": 4}, {4: 0}),
        ({"k_top": 0}, {}),
    ],
)
def test_slots_are_written_where_the_configuration_says(fields, wrote) -> None:
    made = setup(**fields)
    assert {t: j for t in range(7) if (j := made.wrote(t)) is not None} == wrote


def test_a_copy_reads_the_one_below_it_of_the_step_before_and_the_lowest_reads_none() -> None:
    sliding = setup(k_trunc=None, k_remind=2, truncation="sliding")  # copies 0 and 1, and one without a bound
    assert [loop._source(sliding, copy, 4) for copy in range(3)] == [None, 0, 2]
    assert [loop._source(sliding, copy, 1) for copy in range(3)] == [0, 1, 2], "the edge into h0 is never cut"
    assert [loop._source(setup(k_trunc=3), 0, t) for t in (1, 2, 3, 4)] == [0, 0, 0, None]


def test_a_level_moves_down_one_at_each_step_and_the_lowest_is_dropped() -> None:
    with mpmath.workdps(30):
        d = np.array([[mpmath.mpf(n)] for n in (5, 6, 7)], dtype=object)
        sliding = setup(k_trunc=None, k_remind=2, truncation="sliding")
        assert loop._carry(sliding, 4, d)[:, 0].tolist() == [6, 0, 7]
        assert loop._carry(setup(k_trunc=3, truncation="sliding"), 4, d)[:, 0].tolist() == [6, 7, 0]
        assert loop._carry(setup(k_trunc=3), 4, d[:1])[:, 0].tolist() == [0]
        assert loop._carry(setup(k_trunc=3), 3, d[:1])[:, 0].tolist() == [5]


def test_whole_numbers_only_count() -> None:
    assert Whole().number("3") == 3
    assert isinstance(Whole().number("3"), int)
    assert Whole().positive(1)
    assert not Whole().positive(0)
    for wrong in (lambda: Whole().apply("tanh", 1), lambda: Whole().order([1, 2])):
        with pytest.raises(ValueError, match="whole numbers"):
            wrong()
