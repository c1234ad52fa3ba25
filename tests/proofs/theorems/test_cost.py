"""Section 6 holds, and not of a pass that does more than it need."""

import numpy as np
import pytest

from sabcore.proofs.theorems import cost
from sabcore.step.sparsify import Threshold
from tests.proofs.theorems.found import assert_holds


def test_the_section_holds():
    assert_holds(cost, "6.1 6.2 6.3 6.4 6.5")


def test_a_backward_pass_over_all_slots_is_not_taken_for_sparse(monkeypatch):
    monkeypatch.setattr(Threshold, "select", lambda self, a: np.argsort(-a, axis=0, kind="stable"))
    assert not cost._in_time().passed


@pytest.mark.parametrize("claim", ["_in_time", "_scores", "_in_k_top", "_in_levels", "_in_units"])
def test_a_cost_of_another_order_is_noticed(monkeypatch, claim):
    """A count that grows with the third power of what it is asked for is none of those claimed."""

    def count(T, k_att=1, k_top=2, hidden_size=3, k_trunc=1, **_):
        return T**3, T**3 * k_top**3 * hidden_size**3 * k_trunc**3

    monkeypatch.setattr(cost, "count", count)
    assert not getattr(cost, claim)().passed


def test_a_plain_lstm_is_counted_by_hand():
    """One unit: every product of a step forward can be named."""
    forward = cost.count(3, k_top=0, hidden_size=1)[0] - cost.count(2, k_top=0, hidden_size=1)[0]
    assert forward == 4 * (2 + 1) + 3 + 2  # W_ih x and W_hh h of four gates, f c, i g, o u, and V_h h of two outputs
