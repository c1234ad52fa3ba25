"""One LSTM step: the equations one number at a time, and a backward that is the forward's complex step."""

import math

import numpy as np
import pytest

from sabcore.compare.report import failures
from sabcore.compare.tensors import compare
from sabcore.step.lstm import lstm_step, lstm_step_backward, sigmoid
from tests.step.vjp import normal, vjp

I, B, H = 2, 3, 4  # noqa: E741
SHAPES = {"x": (B, I), "h": (B, H), "c": (B, H), "W_ih": (4 * H, I), "W_hh": (4 * H, H), "b": (4 * H,)}


def test_the_equations_one_number_at_a_time():
    given = normal(0, **SHAPES)
    hhat, c_new, cache = lstm_step(**given)
    for row, unit in np.ndindex(B, H):
        z = [
            given["b"][gate * H + unit]
            + sum(given["W_ih"][gate * H + unit, k] * given["x"][row, k] for k in range(I))
            + sum(given["W_hh"][gate * H + unit, k] * given["h"][row, k] for k in range(H))
            for gate in range(4)
        ]
        i, f, o = (1 / (1 + math.exp(-z[gate])) for gate in (0, 1, 3))
        c = f * given["c"][row, unit] + i * math.tanh(z[2])
        assert c_new[row, unit] == pytest.approx(c, rel=1e-13, abs=1e-14)
        assert hhat[row, unit] == pytest.approx(o * math.tanh(c), rel=1e-13, abs=1e-14)
        assert cache.o[row, unit] == pytest.approx(o, rel=1e-13)


@pytest.mark.parametrize("levels", [(), (2,)])
def test_the_backward_is_the_complex_step_of_the_forward(levels):
    given = normal(1, **SHAPES)
    d = normal(2, dhhat=(*levels, B, H), dc_new=(*levels, B, H))
    dz, dh, dc = lstm_step_backward(d["dhhat"], d["dc_new"], lstm_step(**given)[2], given["W_hh"])
    for level in np.ndindex(*levels):
        want = vjp(lambda **moved: lstm_step(**moved)[:2], given, d["dhhat"][level], d["dc_new"][level])
        got = {"h": dh[level], "c": dc[level], "x": dz[level] @ given["W_ih"], "b": dz[level].sum(axis=0)}
        got |= {"W_ih": dz[level].T @ given["x"], "W_hh": dz[level].T @ given["h"]}
        assert failures(compare(got, want, 1e-13)) == []


def test_sigmoid_is_accurate_in_both_tails_and_overflows_in_neither():
    with np.errstate(all="raise"):
        got = sigmoid(np.array([-700.0, -30.0, -1.0, 0.0, 1.0, 30.0, 700.0]))
    for z, value in zip((-700, -30, -1), got, strict=False):
        assert value == pytest.approx(math.exp(z) / (1 + math.exp(z)), rel=1e-15)
    assert got[3] == 0.5
    np.testing.assert_allclose(got[4:], 1 - got[2::-1], rtol=2.3e-16)


def test_sigmoid_of_a_complex_number_goes_by_its_real_part():
    z = np.array([-800 + 1e-30j, 0.3 + 1e-30j, 800 - 1e-30j])
    slope = sigmoid(z).imag / z.imag
    real = sigmoid(z.real)
    np.testing.assert_allclose(slope, real * (1 - real), rtol=1e-14)
