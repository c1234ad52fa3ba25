"""The output layer: the sums written out, and a backward that is the forward's complex step."""

import numpy as np
import pytest

from sabcore.compare.report import failures
from sabcore.compare.tensors import compare
from sabcore.step.readout import readout, readout_backward
from tests.step.vjp import normal, vjp

T, B, H, O = 2, 3, 4, 5  # noqa: E741
SHAPES = {"h": (T, B, H), "s": (T, B, H), "V_h": (O, H), "V_s": (O, H), "d": (O,)}


def test_the_sum_written_out():
    given = normal(0, **SHAPES)
    y = readout(**given)
    for t, row, o in np.ndindex(T, B, O):
        want = given["V_h"][o] @ given["h"][t, row] + given["V_s"][o] @ given["s"][t, row] + given["d"][o]
        assert y[t, row, o] == pytest.approx(want, rel=1e-13, abs=1e-14)


@pytest.mark.parametrize("memory", [True, False])
def test_the_backward_is_the_complex_step_of_the_forward(memory):
    given, dy = normal(1, **SHAPES), normal(2, dy=(T, B, O))["dy"]
    absent = {} if memory else {"s": None, "V_s": None}
    arrays = {name: value for name, value in given.items() if name not in absent}
    want = vjp(lambda **moved: readout(**moved, **absent), arrays, dy)
    full = {**given, **absent}
    dh, ds, grads = readout_backward(dy, full["h"], full["s"], full["V_h"], full["V_s"])
    got = grads | {"h": dh} | ({"s": ds} if memory else {})
    assert set(got) == set(want)
    assert (ds is None) == (not memory)
    assert failures(compare(got, want, 1e-13)) == []
