"""Section 2 holds, and not of wrong thresholds and scores."""

import numpy as np

from sabcore.proofs.theorems import readers
from sabcore.step.score import SeparableScore
from sabcore.step.sparsify import Threshold
from tests.proofs.theorems.found import assert_holds, failed


def test_the_section_holds():
    assert_holds(readers, "2.1 2.2 2.3 2.4")


def test_a_threshold_without_its_thetas_gradient_is_not_taken_for_right(monkeypatch):
    monkeypatch.setattr(Threshold, "backward", lambda self, dw, a, w: np.where(w > 0, dw, 0))
    assert failed(readers) == {"2.1", "2.2", "2.4"}


def test_weights_of_the_slot_at_the_threshold_are_counted(monkeypatch):
    monkeypatch.setattr(Threshold, "weights", lambda self, a: np.full_like(a, 0.1))
    assert {"2.1", "2.2", "2.3"} <= failed(readers)


def test_a_score_whose_query_decides_what_is_read_does_not_forget_it(monkeypatch):
    monkeypatch.setattr(SeparableScore, "score", lambda self, k, q: k * (1 + q))
    assert failed(readers) == {"2.4"}
