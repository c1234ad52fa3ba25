"""Optimisers against PyTorch's and against their papers' formulas; clipping where float32 would overflow."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sabcore.array.checks import first_non_finite
from sabcore.errors import ConfigError, DTypeError, NonFiniteError, ShapeError
from sabcore.train.optim import SGD, Adam, clip_by_global_norm, global_norm

SHAPES = {"W": (4, 3), "b": (5,)}


def arrays(seed, scale=1.0, dtype="float64"):
    rng = np.random.default_rng(seed)
    return {name: rng.normal(0, scale, shape).astype(dtype) for name, shape in SHAPES.items()}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (SGD(0.03), lambda torch, p: torch.optim.SGD(p, 0.03)),
        (SGD(0.03, momentum=0.9), lambda torch, p: torch.optim.SGD(p, 0.03, momentum=0.9)),
        (Adam(0.03), lambda torch, p: torch.optim.Adam(p, 0.03)),
        (Adam(0.03, 0.7, 0.95, 1e-3), lambda torch, p: torch.optim.Adam(p, 0.03, (0.7, 0.95), 1e-3)),
    ],
)
def test_twenty_updates_equal_pytorch(ours, theirs, dtype):
    torch = pytest.importorskip("torch")
    params = arrays(0, dtype=dtype)
    tensors = {name: torch.tensor(value, requires_grad=True) for name, value in params.items()}
    other, state = theirs(torch, list(tensors.values())), ours.init(params)
    for step in range(20):
        grads = arrays(step + 1, 0.1, dtype)
        for name, tensor in tensors.items():
            tensor.grad = torch.tensor(grads[name])
        other.step()
        params, state = ours.update(params, grads, state)
    for name, tensor in tensors.items():
        error = np.max(np.abs(params[name] - tensor.detach().numpy()))
        assert error <= 20 * 10 * np.finfo(dtype).eps * np.max(np.abs(params[name])), name  # 20 updates, 10 roundings
        assert params[name].dtype == dtype


def test_the_first_adam_update_is_the_learning_rate_in_the_gradients_sign():
    params, grads = arrays(1), arrays(2)
    after = Adam(0.25, eps=1e-30).update(params, grads, Adam(0.25).init(params))[0]
    for name in SHAPES:
        np.testing.assert_allclose(after[name], params[name] - 0.25 * np.sign(grads[name]), rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("optimiser", [SGD(0.1, 0.5), Adam(0.1)])
def test_an_update_changes_nothing_in_place_and_ignores_other_gradients(optimiser):
    params, grads = arrays(3), {**arrays(4), "x": np.ones(2)}
    state = optimiser.init(params)
    before = {name: value.copy() for name, value in {**params, **state}.items()}
    new_params, new_state = optimiser.update(params, grads, state)
    assert set(new_params) == set(params)
    assert set(new_state) == set(state)
    for name, value in {**params, **state}.items():
        np.testing.assert_array_equal(value, before[name])
    assert {name: (v.shape, v.dtype) for name, v in new_state.items()} == {
        name: (v.shape, v.dtype) for name, v in state.items()
    }


@pytest.mark.parametrize(
    "make",
    [
        lambda: SGD(0.0),
        lambda: SGD(True),
        lambda: SGD(0.1, 1.0),
        lambda: Adam(math.nan),
        lambda: Adam(math.inf),
        lambda: Adam(beta1=1.0),
        lambda: Adam(beta2=-0.1),
        lambda: Adam(eps=0.0),
        lambda: clip_by_global_norm(arrays(0), 0.0),
        lambda: clip_by_global_norm(arrays(0), math.nan),
    ],
)
def test_rates_outside_their_range_are_refused(make):
    with pytest.raises(ConfigError, match="but should be"):
        make()


@pytest.mark.parametrize("optimiser", [SGD(0.1, 0.5), Adam(0.1)])
def test_what_is_missing_or_no_array_is_refused_by_name(optimiser):
    params = arrays(3)
    state = optimiser.init(params)
    for name in state:
        rest = {key: value for key, value in state.items() if key != name}
        with pytest.raises(ShapeError, match=f"^state holds no {name}$"):
            optimiser.update(params, params, rest)
    with pytest.raises(ShapeError, match=r"^grads holds no b$"):
        optimiser.update(params, {"W": params["W"]}, state)
    with pytest.raises(DTypeError, match=r"^params is a list, but should be a dict of arrays by name$"):
        optimiser.init([params["W"]])
    with pytest.raises(DTypeError, match="b of params"):
        optimiser.init({"b": [1.0]})


def test_adam_counts_its_updates_in_whole_numbers():
    state = Adam().init(arrays(1))
    assert (state["t"].dtype, state["t"].tolist()) == ("int64", [0])
    for _ in range(3):
        state = Adam().update(arrays(1), arrays(2), state)[1]
    assert (state["t"].dtype, state["t"].tolist()) == ("int64", [3])


@settings(deadline=None)
@given(
    seed=st.integers(0, 10**6),
    exponent=st.integers(-30, 30),
    max_norm=st.floats(1e-3, 1e3),
    dtype=st.sampled_from(["float32", "float64"]),
)
def test_clipping_keeps_the_direction_and_bounds_the_norm(seed, exponent, max_norm, dtype):
    grads = arrays(seed, 10.0**exponent, dtype)
    clipped, norm = clip_by_global_norm(grads, max_norm)
    want = math.hypot(*(float(value) for g in grads.values() for value in g.ravel()))
    assert abs(norm - want) <= 1e-14 * want
    factor = min(1.0, max_norm / want)
    for name, g in grads.items():
        assert clipped[name].dtype == g.dtype
        error = np.max(np.abs(clipped[name] - g.astype(float) * factor))
        assert error <= 4 * np.finfo(dtype).eps * factor * np.max(np.abs(g))


@pytest.mark.parametrize(("dtype", "huge"), [("float32", 1e38), ("float64", 1e308)])
def test_clipping_survives_gradients_whose_squares_overflow(dtype, huge):
    grads = {"W": np.full((4, 3), huge, dtype), "b": np.full(4, -huge, dtype)}
    with np.errstate(over="raise", invalid="raise"):
        clipped, _ = clip_by_global_norm(grads, 1.0)
    for name, sign in (("W", 1), ("b", -1)):
        np.testing.assert_allclose(clipped[name], sign * 0.25, rtol=4 * np.finfo(dtype).eps)


def test_gradients_of_just_the_norm_allowed_are_left_as_they_are_to_the_bit():
    for seed in range(5):
        grads = arrays(seed)
        clipped, norm = clip_by_global_norm(grads, global_norm(grads))
        assert norm == global_norm(grads)
        assert all(clipped[name].tobytes() == g.tobytes() for name, g in grads.items())


def test_small_and_zero_gradients_pass_unchanged():
    for grads in (arrays(5, 1e-3), arrays(5, 0.0), {"W": np.full((4, 3), 1e-45, "float32")}):
        clipped, norm = clip_by_global_norm(grads, 1.0)
        assert norm < 1
        for name, g in grads.items():
            np.testing.assert_array_equal(clipped[name], g)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_gradient_that_is_not_finite_is_named_not_clipped(bad):
    grads = arrays(6)
    grads["b"][3] = bad
    assert first_non_finite(grads) == "b"
    with pytest.raises(NonFiniteError, match="the gradient of b"):
        clip_by_global_norm(grads, 1.0)
    assert first_non_finite(arrays(6)) is None


def test_the_norm_is_that_of_all_tensors_together_however_large():
    assert global_norm({"a": np.array([3.0]), "b": np.array([[4.0, 12.0]])}) == pytest.approx(13, rel=1e-15)
    assert global_norm({"a": np.full(4, 3e38, "float32")}) == pytest.approx(6e38, rel=1e-7)
    assert global_norm({"a": np.zeros(3)}) == 0
    for bad in (np.nan, np.inf):
        assert math.isnan(global_norm({"a": np.ones(3), "b": np.array([1.0, bad])}))
