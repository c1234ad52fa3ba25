"""The losses against formulas written another way, PyTorch, and the complex step through the forward pass."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sabcore.errors import DTypeError, NonFiniteError, ShapeError
from sabcore.train.loss import (
    mean_squared_error,
    mean_squared_error_backward,
    softmax_cross_entropy,
    softmax_cross_entropy_backward,
)

T, B, O = 4, 3, 5  # noqa: E741
PAIRS: Any = {
    "cross-entropy": (softmax_cross_entropy, softmax_cross_entropy_backward),
    "squared error": (mean_squared_error, mean_squared_error_backward),
}
EPS = np.finfo(float).eps


def case(seed, scale=1.0):
    """y (T,B,O), classes (T,B), real targets (T,B,O), weights (T,B) with some steps left out."""
    rng = np.random.default_rng(seed)
    weight = rng.uniform(0.1, 2, (T, B)) * (rng.random((T, B)) < 0.7)
    weight[0, 0] = 0.5
    return rng.normal(0, scale, (T, B, O)), rng.integers(0, O, (T, B)), rng.normal(0, 1, (T, B, O)), weight


def complex_step(loss_of, y, h=1e-30):
    """The derivative of a real loss with respect to each element of y, exact to rounding: no difference is taken."""
    grad = np.empty_like(y)
    for index in np.ndindex(y.shape):
        bumped = y.astype(complex)
        bumped[index] += 1j * h
        grad[index] = loss_of(bumped).imag / h
    return grad


def assert_close(got, want, allowed):
    """Scaled by the largest value; written so that NaN fails."""
    error = np.max(np.abs(got - want)) / np.max(np.abs(want))
    assert error <= allowed, f"scaled error {error:.3g}, but should be at most {allowed:.3g}"


def test_cross_entropy_is_minus_the_mean_log_probability():
    y, target, _, weight = case(1)
    terms = []
    for t, b in np.ndindex(T, B):
        probabilities = [math.exp(value) for value in y[t, b]]
        terms.append(-weight[t, b] * math.log(probabilities[target[t, b]] / sum(probabilities)))
    want = math.fsum(terms) / math.fsum(weight.ravel())
    assert abs(softmax_cross_entropy(y, target, weight)[0] - want) <= 50 * EPS * want


def test_squared_error_is_the_mean_over_weighted_outputs():
    y, _, target, weight = case(2)
    terms = [weight[t, b] * (y[t, b, o] - target[t, b, o]) ** 2 for t, b, o in np.ndindex(T, B, O)]
    want = math.fsum(terms) / (O * math.fsum(weight.ravel()))
    assert abs(mean_squared_error(y, target, weight)[0] - want) <= 50 * EPS * want


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), scale=st.sampled_from([1e-3, 1.0, 30.0]), dloss=st.sampled_from([1.0, -2.5]))
def test_gradients_equal_the_complex_step(seed, scale, dloss):
    y, classes, real, weight = case(seed, scale)
    for (forward, backward), target in zip(PAIRS.values(), (classes, real), strict=True):
        want = dloss * complex_step(lambda z, f=forward, t=target: f(z, t.astype(z.dtype) if t is real else t,
                                                                     weight)[0], y)  # fmt: skip
        got = backward(dloss, forward(y, target, weight)[1])
        # An exponential of z is good to |z| EPS, and z spans some ten scales.
        assert_close(got, want, 100 * EPS * max(1, scale))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_both_losses_equal_pytorch(dtype):
    torch = pytest.importorskip("torch")
    y, classes, real, weight = (a if a.dtype.kind == "i" else a.astype(dtype) for a in case(3, 4.0))
    w = torch.tensor(weight)
    steps: Any = (
        lambda p: torch.nn.functional.cross_entropy(p.mT, torch.tensor(classes), reduction="none"),
        lambda p: ((p - torch.tensor(real)) ** 2).mean(-1),
    )
    for (forward, backward), target, per_step in zip(PAIRS.values(), (classes, real), steps, strict=True):
        p = torch.tensor(y, requires_grad=True)
        want = (per_step(p) * w).sum() / w.sum()
        want.backward()
        got, cache = forward(y, target, weight)
        dy = backward(1.0, cache)
        assert got.dtype == dy.dtype == dtype
        assert_close(got, want.item(), 100 * np.finfo(dtype).eps)
        assert_close(dy, p.grad.numpy(), 100 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_huge_outputs_neither_overflow_nor_lose_the_gradient(dtype):
    big = np.finfo(dtype).max / 4
    y = np.array([[[big, 0.0, -big]]], dtype)
    loss, cache = softmax_cross_entropy(y, np.array([[1]]))
    assert loss == np.asarray(big, dtype)
    assert softmax_cross_entropy_backward(1.0, cache).tolist() == [[[1.0, -1.0, 0.0]]]


def test_a_shift_of_all_outputs_changes_nothing():
    y, target, _, weight = case(4)
    shifted = softmax_cross_entropy(np.ldexp(np.round(np.ldexp(y, 20)), -20) + 2.0**20, target, weight)[0]
    assert shifted == softmax_cross_entropy(np.ldexp(np.round(np.ldexp(y, 20)), -20), target, weight)[0]


def test_a_mask_is_weights_of_zero_and_one_and_hides_its_steps():
    y, target, real, weight = case(5)
    mask = weight > 0
    for (forward, backward), t in zip(PAIRS.values(), (target, real), strict=True):
        loss, cache = forward(y, t, mask)
        assert loss == forward(y, t, mask.astype(float))[0]
        assert not backward(1.0, cache)[~mask].any()
        assert backward(1.0, cache)[mask].all()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_non_finite_outputs_make_the_loss_non_finite(bad):
    y, target, real, _ = case(6)
    y[1, 2, 3] = bad
    with np.errstate(invalid="ignore"):
        assert not np.isfinite(softmax_cross_entropy(y, target)[0])
        assert not np.isfinite(mean_squared_error(y, real)[0])


Y, CLASSES, REAL, WEIGHT = case(7)


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: softmax_cross_entropy(Y[0], CLASSES), ShapeError, r"y has shape \(3, 5\)"),
        (lambda: softmax_cross_entropy(Y[:0], CLASSES[:0]), ShapeError, "at least 1"),
        (lambda: softmax_cross_entropy(Y.astype(int), CLASSES), DTypeError, "y has dtype int64"),
        (lambda: softmax_cross_entropy(Y.tolist(), CLASSES), DTypeError, "list"),
        (lambda: softmax_cross_entropy(Y, CLASSES.T), ShapeError, r"target has shape \(3, 4\)"),
        (lambda: softmax_cross_entropy(Y, CLASSES.astype(float)), DTypeError, "whole numbers"),
        (lambda: softmax_cross_entropy(Y, CLASSES + 1), ShapeError, "classes 1 to 5"),
        (lambda: softmax_cross_entropy(Y, CLASSES - 1), ShapeError, "classes -1 to 3"),
        (lambda: softmax_cross_entropy(Y, CLASSES, WEIGHT[:2]), ShapeError, "weight has shape"),
        (lambda: softmax_cross_entropy(Y, CLASSES, WEIGHT.astype("float32")), DTypeError, "weight has dtype float32"),
        (lambda: softmax_cross_entropy(Y, CLASSES, -WEIGHT), NonFiniteError, "weight has least value"),
        (lambda: softmax_cross_entropy(Y, CLASSES, 0 * WEIGHT), NonFiniteError, "sum 0"),
        (lambda: softmax_cross_entropy(Y, CLASSES, WEIGHT * np.nan), NonFiniteError, "weight holds NaN"),
        (lambda: mean_squared_error(Y, REAL[:3]), ShapeError, "target has shape"),
        (lambda: mean_squared_error(Y, REAL.astype("float32")), DTypeError, "target has dtype"),
        (lambda: mean_squared_error(Y, REAL * np.inf), NonFiniteError, "target holds NaN"),
        (lambda: mean_squared_error(Y, REAL, -WEIGHT), NonFiniteError, "weight has least value"),
    ],
)  # fmt: skip
def test_arrays_that_do_not_fit_are_refused_by_name(call, error, says):
    with pytest.raises(error, match=says):
        call()


def test_no_row_is_lost_beside_another_and_none_far_below_zero():
    """Each row has a maximum of its own: less than a batch's, or than a magnitude, its exponentials would be zero."""
    y = np.array([[[1e4, 1e4, 1e4], [0.0, 0.0, 0.0], [-1e4, -1e4, -1e4]]])
    loss, cache = softmax_cross_entropy(y, np.array([[0, 1, 2]]))
    assert loss == pytest.approx(math.log(3), rel=1e-12)
    want = (1 / 3 - np.eye(3)) / 3
    np.testing.assert_allclose(softmax_cross_entropy_backward(1.0, cache)[0], want, rtol=0, atol=1e-11)


@pytest.mark.parametrize("weight", [None, np.arange(T * B).reshape(T, B) > 3])
def test_single_precision_stays_single_without_weights_and_with_a_mask(weight):
    y, target, real, _ = case(8)
    for (forward, backward), t in zip(PAIRS.values(), (target, real.astype("float32")), strict=True):
        loss, cache = forward(y.astype("float32"), t, weight)
        assert loss.dtype == backward(1.0, cache).dtype == "float32"


def test_weights_whose_sum_overflows_are_refused():
    with pytest.raises(NonFiniteError, match="sum inf"), np.errstate(over="ignore"):
        softmax_cross_entropy(Y, CLASSES, np.full((T, B), 1e308))
