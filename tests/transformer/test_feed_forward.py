"""The feed-forward layer: one number at a time, and a backward that is the forward's complex step."""

import numpy as np
import pytest

from sabcore.compare.report import failures
from sabcore.compare.tensors import compare
from sabcore.transformer.feed_forward import feed_forward, feed_forward_backward
from tests.step.vjp import normal, vjp

T, B, H, F = 3, 2, 4, 5
SHAPES = {"x": (T, B, H), "W_1": (F, H), "b_1": (F,), "W_2": (H, F), "b_2": (H,)}


def test_the_equations_one_number_at_a_time():
    given = normal(0, **SHAPES)
    y, cache = feed_forward(**given)
    assert 0.2 < (cache.f == 0).mean() < 0.8
    for t, b, unit in np.ndindex(T, B, H):
        x = given["x"][t, b]
        u = [sum(given["W_1"][j, k] * x[k] for k in range(H)) + given["b_1"][j] for j in range(F)]
        want = sum(given["W_2"][unit, j] * max(0, u[j]) for j in range(F)) + given["b_2"][unit]
        assert y[t, b, unit] == pytest.approx(want, rel=1e-12)


def test_the_backward_is_the_complex_step_of_the_forward():
    given, dy = normal(1, **SHAPES), normal(2, dy=(T, B, H))["dy"]
    want = vjp(lambda **moved: feed_forward(**moved)[0], given, dy)
    dx, grads = feed_forward_backward(dy, feed_forward(**given)[1], given["W_1"], given["W_2"])
    assert failures(compare({"x": dx, **grads}, want, 1e-12)) == []
