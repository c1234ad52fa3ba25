"""Named parameters: shapes and seeds."""

import numpy as np
import pytest

from sabcore import SABConfig, init_params, param_shapes
from sabcore.errors import DTypeError
from tests.cases import SIZES

PAPER = SABConfig.paper(**SIZES, k_top=2)


def test_shapes_are_the_specs():
    assert param_shapes(PAPER) == {
        "W_ih": (20, 3), "W_hh": (20, 5), "b": (20,), "W_m": (6, 5), "W_q": (6, 5), "w_a": (6,),
        "V_h": (4, 5), "V_s": (4, 5), "d": (4,),
    }  # fmt: skip
    assert set(param_shapes(SABConfig.released(**SIZES, k_top=2))) == set("W_ih W_hh b u_q u_m V_h V_s d".split())
    assert set(param_shapes(SABConfig.lstm(**SIZES))) == set("W_ih W_hh b V_h d".split())


def test_initialisation_is_seeded_and_the_same_in_every_dtype():
    one, again, other = init_params(PAPER, 3), init_params(PAPER, 3), init_params(PAPER, 4)
    assert {name: value.shape for name, value in one.items()} == param_shapes(PAPER)
    for name, value in one.items():
        assert value.dtype == np.float32
        np.testing.assert_array_equal(value, again[name])
        assert (value != other[name]).any()
        np.testing.assert_array_equal(value, init_params(PAPER, 3, "float64")[name].astype("float32"))
    with pytest.raises(DTypeError, match="float16"):
        init_params(PAPER, dtype="float16")


def test_initialisation_is_uniform_and_lets_the_cell_remember():
    """In +-1/sqrt(H), filling it, and the forget gate's bias one higher."""
    config = SABConfig.paper(input_size=30, hidden_size=25, output_size=20, k_top=2)
    params = init_params(config, dtype="float64")
    params["b"][25:50] -= 1.0
    for name, value in params.items():
        assert np.abs(value).max() <= 0.2, name
        assert value.min() < -0.15, name
        assert value.max() > 0.15, name
