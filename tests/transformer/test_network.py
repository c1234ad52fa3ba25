"""The whole Transformer: its complex step, difference quotients, causality, doors, and a device's arrays."""

import numpy as np
import pytest

from sabcore.compare.report import failures
from sabcore.compare.tensors import compare
from sabcore.errors import DTypeError, NonFiniteError, SABError, ShapeError
from sabcore.reference.differences import FIRST, LEVELS, RATIO, extrapolate
from sabcore.transformer import TransformerConfig, backward, forward
from tests.step.vjp import vjp
from tests.strict_array import STRICT, StrictArray
from tests.transformer.cases import CONFIG, B, T, all_complex, inputs


def test_the_backward_is_the_complex_step_of_the_forward():
    params, x, dy = inputs()
    want = vjp(lambda x, **params: forward(CONFIG, all_complex(params), x + 0j)[0], {"x": x, **params}, dy)
    got = backward(CONFIG, params, forward(CONFIG, params, x)[1], dy)
    assert got.keys() == want.keys()
    assert failures(compare(got, want, 1e-11)) == []


def test_the_backward_is_the_forwards_difference_quotient_to_its_own_error():
    """Extrapolated, with an estimate of the error; a step that crosses a rectifier's corner has a large one."""
    params, x, dy = inputs(seed=1)
    got, rng = backward(CONFIG, params, forward(CONFIG, params, x)[1], dy), np.random.default_rng(0)
    steps = FIRST / RATIO ** np.arange(LEVELS)
    for name, value in params.items():
        along = rng.normal(size=value.shape)
        f = [(dy * forward(CONFIG, {**params, name: value + step * along}, x)[0]).sum() for step in (*steps, *-steps)]
        first = (np.array(f[:LEVELS]) - np.array(f[LEVELS:])) / (2 * steps)
        want, error = extrapolate(first[None], 1e-14 * abs(dy).sum() / steps[None])
        assert abs((got[name] * along).sum() - want[0]) <= 4 * error[0], name
        assert error[0] < 1e-6 * abs(got[name]).max() * abs(along).sum(), name


def test_no_output_depends_on_a_later_input():
    params, x, _ = inputs()
    later = x.copy()
    later[4:] += 1
    y, moved = forward(CONFIG, params, x)[0], forward(CONFIG, params, later)[0]
    np.testing.assert_allclose(y[:4], moved[:4], rtol=1e-12)
    assert (abs(y[4:] - moved[4:]) > 1e-3).any(axis=-1).all()


def test_the_order_of_earlier_inputs_matters_through_positions_alone(monkeypatch):
    config = TransformerConfig(input_size=3, hidden_size=6, output_size=4, layers=1, heads=2)
    params, x, _ = inputs(config)
    swapped = x[[1, 0, *range(2, T)]]
    assert (abs(forward(config, params, x)[0] - forward(config, params, swapped)[0])[2:] > 1e-6).all()
    monkeypatch.setattr("sabcore.transformer.network.sinusoids", lambda T, H, xp: xp.zeros((T, H)))
    y, moved = forward(config, params, x)[0], forward(config, params, swapped)[0]
    np.testing.assert_allclose(y[2:], moved[2:], rtol=1e-11)


def test_rows_of_a_batch_do_not_know_of_each_other():
    params, x, dy = inputs()
    alone = [forward(CONFIG, params, x[:, row : row + 1]) for row in range(B)]
    np.testing.assert_allclose(forward(CONFIG, params, x)[0], np.concatenate([y for y, _ in alone], axis=1), rtol=1e-12)
    whole = backward(CONFIG, params, forward(CONFIG, params, x)[1], dy)
    each = [backward(CONFIG, params, tape, dy[:, row : row + 1]) for row, (_, tape) in enumerate(alone)]
    summed = {name: sum(grads[name] for grads in each) for name in params}
    assert failures(compare(whole, summed, 1e-12)) == []


def test_float32_stays_float32():
    params, x, dy = inputs()
    low = {name: value.astype("float32") for name, value in params.items()}
    y, tape = forward(CONFIG, low, x.astype("float32"))
    grads = backward(CONFIG, low, tape, dy.astype("float32"))
    assert {value.dtype.name for value in (y, *grads.values())} == {"float32"}
    want = backward(CONFIG, params, forward(CONFIG, params, x)[1], dy)
    assert failures(compare(grads, want, 1e-4)) == []


def test_it_computes_on_a_devices_arrays():
    params, x, dy = inputs()
    y, tape = forward(CONFIG, params, x)
    strict = {name: StrictArray(value) for name, value in params.items()}
    y_strict, tape_strict = forward(CONFIG, strict, StrictArray(x))
    np.testing.assert_array_equal(y_strict._value, y)
    taken = STRICT.items_taken
    grads = backward(CONFIG, strict, tape_strict, StrictArray(dy))
    assert STRICT.items_taken == taken + 1  # dy is checked
    for name, value in backward(CONFIG, params, tape, dy).items():
        np.testing.assert_array_equal(grads[name]._value, value, err_msg=name)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"x": np.zeros((T, B, 2))}, ShapeError, r"x has shape \(7, 2, 2\)"),
        ({"x": np.zeros((0, B, 3))}, ShapeError, "with every size at least 1"),
        ({"x": np.zeros((T, B, 3), "float32")}, DTypeError, "W_x has dtype float64"),
        ({"x": np.full((T, B, 3), np.nan)}, NonFiniteError, "x holds NaN"),
        ({"block2.W_q": np.zeros((6, 5))}, ShapeError, r"block2.W_q has shape \(6, 5\)"),
        ({"block3.W_q": np.zeros((6, 6))}, ShapeError, "the parameters hold block3.W_q"),
        ({"dy": np.zeros((T, B, 3))}, ShapeError, "dy has shape"),
    ],
)
def test_what_does_not_fit_is_named(change, error: type[SABError], message):
    params, x, dy = inputs()
    arrays = {**params, "x": x, "dy": dy, **change}
    x, dy = arrays.pop("x"), arrays.pop("dy")
    with pytest.raises(error, match=message):
        backward(CONFIG, arrays, forward(CONFIG, arrays, x)[1], dy)
