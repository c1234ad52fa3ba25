"""The comparison must reject what is not equal, above all what is not a number."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sabcore.reference.compare import errors, scaled_error, small_enough

WANT = np.array([[1.0, -4.0], [2.0, 1e-9]])


def test_the_scale_is_the_largest_value() -> None:
    assert scaled_error(WANT, WANT) == 0
    assert scaled_error(WANT + np.array([[0, 0], [0, 0.4]]), WANT) == pytest.approx(0.1)
    assert scaled_error(1e-200 * WANT * 1.5, 1e-200 * WANT) == pytest.approx(0.5)  # small tensors are no excuse
    assert scaled_error(np.float32(WANT), WANT) < 1e-7
    assert scaled_error(WANT + 4j, WANT) == pytest.approx(1)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("side", [0, 1])
def test_not_finite_fails(bad, side) -> None:
    pair = [WANT.copy(), WANT.copy()]
    pair[side][1, 0] = bad
    assert scaled_error(*pair) == math.inf
    pair[1 - side][1, 0] = bad  # the same on both sides proves nothing either
    assert scaled_error(*pair) == math.inf


@pytest.mark.parametrize("got", [WANT[:1], WANT[None], WANT.reshape(-1), WANT[:, :1], 1.0, np.zeros(0)])
def test_another_shape_fails(got) -> None:
    assert scaled_error(got, WANT) == math.inf


def test_zeros_must_be_met_exactly() -> None:
    assert scaled_error(np.zeros(3), np.zeros(3)) == 0
    assert scaled_error(np.full(3, 1e-30), np.zeros(3)) > 1e200
    assert scaled_error(np.zeros((0, 2)), np.zeros((0, 2))) == 0


def test_small_enough() -> None:
    assert small_enough(1e-9, 1e-8)
    assert small_enough(0.0, 0.0)
    assert not small_enough(1e-8, 1e-9)
    assert not small_enough(math.nan, 1.0)
    assert not small_enough(1.0, math.nan)
    assert not small_enough(math.inf, math.inf)


def test_a_missing_tensor_fails() -> None:
    assert errors({"y": WANT}, {"y": WANT, "grad.x": WANT}) == {"y": 0, "grad.x": math.inf}
