"""Section 3 holds, and not of wrong sparsifiers; its Jacobians are the difference quotients."""

import numpy as np
import pytest

from sabcore.proofs.theorems import scale
from sabcore.proofs.theorems.scale import jacobian, norm, sparsemax_norm
from sabcore.step.sparsify import Softmax, Threshold
from tests.proofs.theorems.found import assert_holds, failed


def test_the_section_holds():
    assert_holds(scale, "3.1 3.2 3.3 3.4 3.5")


def test_a_threshold_without_its_thetas_gradient_is_not_taken_for_right(monkeypatch):
    monkeypatch.setattr(Threshold, "backward", lambda self, dw, a, w: np.where(w > 0, dw, 0))
    assert failed(scale) == {"3.1", "3.2", "3.4", "3.5"}


def test_a_softmax_of_twice_its_slope_is_not_taken_for_right(monkeypatch):
    monkeypatch.setattr(Softmax, "backward", lambda self, dw, a, w: 2 * w * (dw - (w * dw).sum(axis=-2, keepdims=True)))
    assert failed(scale) == {"3.3"}


@pytest.mark.parametrize("sparsifier", [Threshold(3, 0.0, 0.1), Softmax(0.7, None)])
def test_a_jacobian_is_that_of_the_weights(sparsifier):
    a, step = np.array([0.9, 0.1, 0.5, -0.3]), 1e-6
    chosen = sparsifier.select(a[:, None])
    slots = np.arange(4) if chosen is None else chosen[:, 0]
    moved = [[sparsifier.weights((a + sign * step * unit)[slots][:, None])[:, 0] for sign in (1, -1)]
             for unit in np.eye(4)[slots]]  # fmt: skip
    want = np.array([(above - below) / (2 * step) for above, below in moved]).T
    np.testing.assert_allclose(jacobian(sparsifier, a), want, rtol=1e-6, atol=1e-8)
    assert norm(sparsifier, a) == pytest.approx(np.linalg.svd(want)[1][0], rel=1e-6)


def test_sparsemax_projects_on_its_support():
    assert sparsemax_norm(np.array([3.0, 0.0, 0.0])) == 0  # one slot has everything
    assert sparsemax_norm(np.zeros(4)) == pytest.approx(1)
