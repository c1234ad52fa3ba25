"""The protocol is what every model has, and what every model does: shapes, seeds, and the gradient of its outputs."""

import numpy as np
import pytest

from sabcore.train.model import MODELS
from sabcore.train.model.base import Model
from tests.train.model.test_init import EACH

ASKED = {name for name in vars(Model) if not name.startswith("_")}
T, B = 4, 2


def test_every_kind_is_tried():
    assert set(EACH) == set(MODELS)


@pytest.mark.parametrize("model", EACH.values(), ids=list(EACH))
def test_every_model_has_all_that_is_asked_of_one(model):
    assert ASKED >= {"kind", "input_size", "output_size", "shapes", "init", "forward", "backward", "to_dict",
                     "from_dict"}  # fmt: skip
    assert {attribute for attribute in ASKED if not hasattr(model, attribute)} == set()
    assert (model.input_size, model.output_size) == (3, 5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("model", EACH.values(), ids=list(EACH))
def test_initial_parameters_are_the_seeds_in_the_order_of_the_shapes(model, dtype):
    params = model.init(3, dtype)
    assert [(name, value.shape) for name, value in params.items()] == list(model.shapes().items())
    assert {str(value.dtype) for value in params.values()} == {dtype}
    again, other = model.init(3, dtype), model.init(4, dtype)
    assert all((params[name] == again[name]).all() for name in params)
    assert any((params[name] != other[name]).any() for name in params)


@pytest.mark.parametrize("model", EACH.values(), ids=list(EACH))
def test_backward_gives_a_gradient_of_every_parameter_in_their_order(model):
    params, rng = model.init(3, "float64"), np.random.default_rng(0)
    x, dy = rng.normal(size=(T, B, 3)), rng.normal(size=(T, B, 5))
    y, tape = model.forward(params, x)
    grads, report = model.backward(params, tape, dy)
    assert y.shape == dy.shape
    assert [(name, value.shape) for name, value in grads.items()] == list(model.shapes().items())
    assert all(isinstance(value, float) for value in report.values())
    last = list(params)[-1]  # the output's bias: every model ends in one
    np.testing.assert_allclose(grads[last], dy.sum(axis=(0, 1)), rtol=1e-12)
