"""What every task with classes for answers shares, on one batch worked out by hand."""

import numpy as np
import pytest

from sabcore.train.task import Batch
from sabcore.train.task.classes import Classification, accuracy

#: Two steps, two sequences, three classes; the second step alone is scored, and weighs three times as much.
BATCH = Batch(
    x=np.zeros((2, 2, 1)),
    target=np.array([[0, 1], [2, 0]]),
    weight=np.array([[1.0, 1.0], [3.0, 3.0]]),
    scored=np.array([[False, False], [True, True]]),
)


def outputs(*logits):
    """y (2,2,3) that prefers the classes given, step by step, by a logit of 1."""
    return np.eye(3)[np.array(logits).reshape(2, 2)]


def test_only_scored_answers_count():
    assert accuracy(outputs(0, 1, 2, 1), BATCH) == Classification().measure(outputs(0, 1, 2, 1), BATCH) == 0.5
    assert accuracy(outputs(1, 0, 2, 0), BATCH) == 1
    assert accuracy(outputs(0, 1, 0, 1), BATCH) == 0


def test_the_loss_is_the_weighted_mean_and_dy_its_slope():
    y, at = outputs(0, 1, 2, 1), (1, 1, 0)
    right = np.log(np.e + 2) - 1  # the cross-entropy where the class is preferred, and one more where another is
    loss, dy = Classification().loss(y, BATCH)
    assert float(loss) == pytest.approx((2 * right + 3 * right + 3 * (right + 1)) / 8)
    moved = y.copy()
    moved[at] += 1e-6
    assert dy[at] == pytest.approx((Classification().loss(moved, BATCH)[0] - loss) / 1e-6, rel=1e-5)
