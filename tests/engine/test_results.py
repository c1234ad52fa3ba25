"""All results by name: the names that vector files use, and each under its own name."""

from functools import partial

import numpy as np
import pytest

from sabcore import SABConfig, backward, forward, init_params
from sabcore.engine import plain
from sabcore.engine.results import by_name, results
from sabcore.vectors.model import tensor_shapes
from tests.cases import SIZES, B, T, random_inputs

#: No engine needs to be compiled for this.
plainly = partial(forward, engine="plain")


@pytest.mark.parametrize("fields", [{"k_top": 0}, {"k_top": 2}, {"k_top": 2, "score": "separable"}])
def test_names_and_shapes_are_those_that_vector_files_may_expect(fields):
    config = SABConfig.paper(**SIZES, **fields)
    found = results(config, init_params(config, 0, "float64"), *random_inputs(config, 1), forward=plainly)
    required, optional = tensor_shapes(config, T, B)
    given = {"x", "dy", "h0", "c0"}
    want = {n: s for n, s in {**required, **optional}.items() if n not in given and not n.startswith("param.")}
    assert {name: value.shape for name, value in found.items()} == want


def test_each_stands_under_its_name():
    config = SABConfig.paper(**SIZES, k_top=2)
    params, inputs = init_params(config, 0, "float64"), random_inputs(config, 1)
    y, tape = plainly(config, params, inputs.x, h0=inputs.h0, c0=inputs.c0)
    grads = backward(config, params, tape, inputs.dy)
    found = by_name(y, tape, grads)
    assert found["y"] is y
    for name in ("h", "c", "s"):
        np.testing.assert_array_equal(found[name], getattr(tape, name))
    assert all(found[f"grad.{name}"] is value for name, value in grads.items())
    assert len({value.tobytes() for value in found.values()}) == len(found)


def test_a_plain_lstm_recalls_zeros():
    config = SABConfig.lstm(**SIZES)
    found = results(config, init_params(config, 0, "float64"), *random_inputs(config, 1), forward=plainly)
    assert found["s"].shape == found["h"].shape
    assert not found["s"].any()


def test_an_engines_own_functions_can_be_asked():
    config = SABConfig.lstm(**SIZES)
    asked = []

    def forward(*args, **kwargs):
        asked.append(config)
        return plain.forward(*args, **kwargs)

    given = config, init_params(config, 0, "float64"), *random_inputs(config, 1)
    found = results(*given, forward=forward, backward=plain.backward)
    assert asked == [config]
    np.testing.assert_array_equal(found["y"], plain.forward(*given[:3], *given[4:])[0])
