"""Names, shapes and the seeded start."""

import numpy as np
import pytest

from sabcore.errors import ConfigError, DTypeError
from sabcore.transformer import init_params, param_shapes
from tests.transformer.cases import CONFIG


def test_every_block_has_its_own():
    shapes = param_shapes(CONFIG)
    assert len(shapes) == 5 + 2 * 12
    assert shapes["block2.W_1"] == (5, 6)
    assert shapes["block1.W_2"] == (6, 5)
    assert (shapes["W_x"], shapes["V"], shapes["d"]) == ((6, 3), (4, 6), (4,))


def test_the_start_is_the_seeds():
    one, same, other = (init_params(CONFIG, seed) for seed in (1, 1, 2))
    assert {name: value.shape for name, value in one.items()} == param_shapes(CONFIG)
    assert all((one[name] == same[name]).all() for name in one)
    assert (one["W_x"] != other["W_x"]).all()
    assert (one["block1.W_q"] != one["block2.W_q"]).all()
    np.testing.assert_array_equal(one["block1.gain_p"], 1)
    np.testing.assert_array_equal(one["block1.b_1"], 0)
    assert 0.8 * (6 / 11) ** 0.5 < abs(one["block1.W_1"]).max() <= (6 / 11) ** 0.5
    np.testing.assert_array_equal(init_params(CONFIG, 1, "float64")["V"].astype("float32"), one["V"])


def test_what_means_nothing_is_refused():
    with pytest.raises(ConfigError, match="seed is -1"):
        init_params(CONFIG, -1)
    with pytest.raises(DTypeError, match="dtype is 'float16'"):
        init_params(CONFIG, 0, "float16")
