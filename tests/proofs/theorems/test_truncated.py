"""Section 1 holds, and not of a gradient that is the loss's own."""

from sabcore.proofs.engine import loop
from sabcore.proofs.theorems import truncated
from tests.proofs.theorems.found import assert_holds, failed


def test_the_section_holds():
    assert_holds(truncated, "1.1 1.2 1.3")


def test_a_gradient_that_is_not_truncated_fails_all_three(monkeypatch):
    """It is not that of the frozen function; it is the loss's; and its Jacobian is symmetric."""
    monkeypatch.setattr(loop, "_carry", lambda setup, t, d: d)
    assert failed(truncated) == {"1.1", "1.2", "1.3"}
