"""Which edges are cut, read off small cases by hand."""

from __future__ import annotations

import numpy as np
import pytest

from sabcore.reference.edges import Edges, edges_of
from tests.reference.cases import DEFAULTS


@pytest.mark.parametrize(
    ("k_trunc", "k_remind", "want"),
    [
        (3, None, Edges(3, False, 2, 2)),
        (3, 1, Edges(3, False, 2, 0)),
        (2, 4, Edges(4, False, 1, 3)),
        (None, 2, Edges(2, True, 2, 1)),
        (3, 5, Edges(3, True, 2, 3)),
        (None, None, Edges(0, True, 0, 0)),
        (5, 9, Edges(0, True, 0, 0)),
    ],
)
def test_budgets_of_five_steps(k_trunc, k_remind, want) -> None:
    config = {**DEFAULTS, "truncation": "sliding", "k_trunc": k_trunc, "k_remind": k_remind}
    assert edges_of(config, 5) == want


def test_copies_spend_their_budget() -> None:
    state = np.array([10.0, 11.0, 12.0, 13.0]).reshape(1, 4, 1, 1)
    constant = np.array([[-1.0]])
    enter = Edges(3, True, 2, 3).enter
    assert enter(state, constant, 2).reshape(-1).tolist() == [-1, 10, 11, 13]
    assert enter(state, constant, 1) is state


def test_segments_by_offset() -> None:
    """k_trunc = 3 cuts before steps 4 and 7; the released code's offset 1 before 3 and 6; never before step 1."""
    state, constant = np.ones((1, 1, 1, 1)), np.zeros((1, 1))
    for offset, want in ((0, [4, 7]), (1, [3, 6]), (3, [4, 7])):
        edges = edges_of({**DEFAULTS, "k_trunc": 3, "segment_offset": offset}, 8)
        assert [t for t in range(1, 9) if not edges.enter(state, constant, t).all()] == want
