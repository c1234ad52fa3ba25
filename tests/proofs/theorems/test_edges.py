"""Section 5 holds, and not of engines that cut an edge too few or too many."""

from sabcore.engine.truncation import Segment, Sliding
from sabcore.proofs.theorems import edges
from tests.proofs.theorems.found import assert_holds, failed


def test_the_section_holds():
    assert_holds(edges, "5.1 5.2 5.3")


def test_segments_that_end_a_step_late_are_noticed(monkeypatch):
    cuts = Segment.cuts
    monkeypatch.setattr(Segment, "cuts", lambda self, t: cuts(self, t - 1))
    assert failed(edges) == {"5.1", "5.3"}


def test_a_sliding_gradient_that_is_never_dropped_is_noticed(monkeypatch):
    monkeypatch.setattr(Sliding, "carry", lambda self, t, d: d)
    assert failed(edges) == {"5.2"}
