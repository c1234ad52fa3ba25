"""A record and the tensors of its file are the same things under two sets of names."""

from dataclasses import replace

import numpy as np

from sabcore.vectors.record import Vector


def test_there_and_back(vector):
    again = Vector.from_tensors(vector.config, vector.tensors())
    assert again.config is vector.config
    assert again.params.keys() == vector.params.keys()
    assert again.expected.keys() == vector.expected.keys()
    assert again.tensors().keys() == vector.tensors().keys()
    for name, value in vector.tensors().items():
        assert again.tensors()[name] is value


def test_names_are_the_files(vector):
    named = vector.tensors()
    assert named["x"] is vector.x
    assert named["dy"] is vector.dy
    assert named["c0"] is vector.c0
    assert named["param.W_q"] is vector.params["W_q"]
    assert named["grad.W_q"] is vector.expected["grad.W_q"]
    assert len(named) == 4 + len(vector.params) + len(vector.expected)


def test_an_absent_state_is_no_tensor(vector):
    absent = replace(vector, h0=None, c0=None)
    assert not {"h0", "c0"} & absent.tensors().keys()
    again = Vector.from_tensors(vector.config, absent.tensors())
    assert again.h0 is again.c0 is None
    assert "grad.h0" in again.expected
    half = Vector.from_tensors(vector.config, {**absent.tensors(), "c0": np.zeros((2, 5))})
    assert half.h0 is None
    assert half.c0 is not None
