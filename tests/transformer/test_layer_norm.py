"""Layer normalisation: one number at a time, and a backward that is the forward's complex step."""

import math

import numpy as np
import pytest

from sabcore.compare.report import failures
from sabcore.compare.tensors import compare
from sabcore.transformer.layer_norm import layer_norm, layer_norm_backward
from tests.step.vjp import normal, vjp

SHAPES = {"x": (3, 2, 5), "gain": (5,), "bias": (5,)}


def test_the_equations_one_number_at_a_time():
    given = normal(0, **SHAPES)
    y, cache = layer_norm(given["x"], given["gain"], given["bias"], eps=0.1)
    for at in np.ndindex(3, 2):
        x = [float(value) for value in given["x"][at]]
        mu = sum(x) / 5
        r = math.sqrt(sum((value - mu) ** 2 for value in x) / 5 + 0.1)
        assert cache.r[at][0] == pytest.approx(r, rel=1e-13)
        for j in range(5):
            assert y[at][j] == pytest.approx(given["gain"][j] * (x[j] - mu) / r + given["bias"][j], rel=1e-12)


def test_the_backward_is_the_complex_step_of_the_forward():
    given, dy = normal(1, **SHAPES), normal(2, dy=SHAPES["x"])["dy"]
    want = vjp(lambda **moved: layer_norm(**moved)[0], given, dy)
    dx, dgain, dbias = layer_norm_backward(dy, layer_norm(given["x"], given["gain"], given["bias"])[1], given["gain"])
    assert failures(compare({"x": dx, "gain": dgain, "bias": dbias}, want, 1e-12)) == []


def test_equal_numbers_are_normalised_to_zero():
    y, _ = layer_norm(np.full((2, 4), 3.0), np.ones(4), np.arange(4.0))
    np.testing.assert_array_equal(y, [np.arange(4.0)] * 2)
