"""The elementwise part of an LSTM step, for a block of rows: the step's own equations, and their gradients."""

import numpy as np
import pytest

from sabcore.step import lstm
from tests.engine.cpu.block import assert_same, normal, part

R, H = 3, 5
INPUTS, RECURRENT, C = normal(0, R, 4 * H), normal(1, R, 4 * H), normal(2, R, H)
#: The plain step, told its gates' sums through an identity.
PLAIN = lstm.lstm_step(INPUTS, RECURRENT, C, np.eye(4 * H), np.eye(4 * H), np.zeros(4 * H))


def forward() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    gates, c_new, hhat = INPUTS.copy(), np.full((R, H), np.nan), np.full((R, H), np.nan)
    part("lstm").activate(gates, RECURRENT)
    part("lstm").lstm_step(gates, C, c_new, hhat)
    return gates, c_new, hhat


def test_the_step():
    gates, c_new, hhat = forward()
    cache = PLAIN[2]
    want = {"i": cache.i, "f": cache.f, "g": cache.g, "o": cache.o, "hhat": PLAIN[0], "c": PLAIN[1]}
    assert_same({**dict(zip("ifgo", np.split(gates, 4, axis=1), strict=True)), "hhat": hhat, "c": c_new}, want)


@pytest.mark.parametrize("seed", [3, 4])
def test_its_backward(seed):
    gates, c_new, _ = forward()
    dhhat, dc_new = normal(seed, R, H), normal(seed + 10, R, H)
    factors, dz, dc = np.full((R, 5 * H), np.nan), np.full((R, 4 * H), np.nan), dc_new.copy()
    part("lstm").backward_factors(gates, C, c_new, factors)
    part("lstm").lstm_step_backward(factors, gates, dhhat, dc, dz)
    want_dz, _, want_dc = lstm.lstm_step_backward(dhhat, dc_new, PLAIN[2], np.eye(4 * H))
    assert_same({"dz": dz, "dc": dc}, {"dz": want_dz, "dc": want_dc})
