"""Section 4 holds, and not of walks that go elsewhere nor of a sparsifier whose gradient has a bound."""

import numpy as np

from sabcore.proofs.theorems import hops
from sabcore.step.sparsify import Threshold
from tests.proofs.theorems.found import assert_holds, failed


def test_the_section_holds():
    assert_holds(hops, "4.1 4.2")


def test_walks_along_other_weights_are_not_taken_for_the_credit(monkeypatch):
    walk = hops._walk
    monkeypatch.setattr(hops, "_walk", lambda weights, rng, walks: walk(weights / 2, rng, walks))
    assert failed(hops) == {"4.1"}


def test_a_bounded_gradient_of_scores_is_noticed(monkeypatch):
    monkeypatch.setattr(Threshold, "backward", lambda self, dw, a, w: np.where(w > 0, dw, 0))
    assert failed(hops) == {"4.2"}


def test_a_walk_begins_at_the_last_step_and_ends_where_nothing_is_read():
    weights = np.array([[0, 0, 0], [1.0, 0, 0], [0, 1.0, 0]])
    np.testing.assert_array_equal(hops._walk(weights, np.random.default_rng(0), 10), [1, 1, 1])
    weights[2] = 0
    np.testing.assert_array_equal(hops._walk(weights, np.random.default_rng(0), 10), [0, 0, 1])
