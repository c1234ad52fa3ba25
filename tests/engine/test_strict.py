"""The plain engine computes on a device's arrays: it calls only what CuPy has and copies nothing to the host."""

import numpy as np
import pytest

from sabcore import backward, forward, init_params
from sabcore.engine import attention
from sabcore.errors import NonFiniteError
from tests.cases import CASES, random_inputs
from tests.strict_array import CUPY_FUNCTIONS, STRICT, StrictArray


@pytest.mark.parametrize("case", CASES, ids=str)
def test_plain_engine_on_strict_arrays_equals_numpy(case):
    config = case.config
    params, inputs = init_params(config, seed=1, dtype="float64"), random_inputs(config, seed=2)
    y, tape = forward(config, params, inputs.x, h0=inputs.h0, c0=inputs.c0, engine="plain")
    grads = backward(config, params, tape, inputs.dy)

    strict = {name: StrictArray(value) for name, value in params.items()}
    sx, sdy, sh0, sc0 = (StrictArray(value) for value in inputs)
    y_strict, tape_strict = forward(config, strict, sx, h0=sh0, c0=sc0)
    grads_strict = backward(config, strict, tape_strict, sdy)
    np.testing.assert_array_equal(y_strict._value, y)
    assert grads_strict.keys() == grads.keys()
    for name, value in grads.items():
        np.testing.assert_array_equal(grads_strict[name]._value, value, err_msg=name)
    if config.has_memory:
        np.testing.assert_array_equal(attention(config, strict, tape_strict)._value, attention(config, params, tape))


def test_scalars_leave_the_device_only_to_check_arguments():
    config = CASES[0].config
    params = {name: StrictArray(value) for name, value in init_params(config, dtype="float64").items()}
    inputs = [StrictArray(value) for value in random_inputs(config, seed=0)]
    taken = STRICT.items_taken
    _, tape = forward(config, params, inputs[0], h0=inputs[2], c0=inputs[3])
    assert STRICT.items_taken == taken + 1
    backward(config, params, tape, inputs[1])
    assert STRICT.items_taken == taken + 2


@pytest.mark.parametrize("bad", ["W_hh", "w_a", "x", "h0", "dy"])
def test_what_is_not_finite_is_named_on_a_device_too(bad):
    config = CASES[0].config
    arrays = init_params(config, dtype="float64") | random_inputs(config, seed=0)._asdict()
    device = {name: StrictArray(value.copy()) for name, value in arrays.items()}
    if bad != "dy":
        device[bad]._value.flat[-1] = np.nan
    params = {name: device[name] for name in arrays if name not in ("x", "dy", "h0", "c0")}

    def train():
        _, tape = forward(config, params, device["x"], h0=device["h0"], c0=device["c0"])
        device[bad]._value.flat[-1] = np.inf
        with np.errstate(invalid="ignore"):
            backward(config, params, tape, device["dy"])

    with pytest.raises(NonFiniteError, match=f"^{bad} holds NaN"):
        train()


def test_every_listed_function_exists_in_cupy():
    cupy = pytest.importorskip("cupy", reason="CuPy is not installed; its list of functions is written down")
    assert [name for name in CUPY_FUNCTIONS if not hasattr(cupy, name)] == []


@pytest.mark.parametrize(
    "misuse",
    [
        np.asarray,
        float,
        bool,
        lambda a: a + np.ones(1),
        lambda a: np.ones(1) + a,
        lambda a: np.tanh(a),
        lambda a: STRICT.tanh(np.ones(1)),
        lambda a: STRICT.add(a, a),
        lambda a: a.__setitem__(0, np.ones(())),
    ],
)
def test_strict_array_refuses_what_a_device_would(misuse):
    with pytest.raises((TypeError, AttributeError)):
        misuse(StrictArray(np.ones(1)))
