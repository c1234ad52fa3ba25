"""Losses with their gradients: softmax cross-entropy and mean squared error, averaged over steps by weight.

Each is a pair: the forward returns the loss, an array of one number on the outputs' device, and a cache; the backward
takes `dloss`, the gradient with respect to that number (1.0 to train), and returns `dy`. A non-finite `y` is not
refused: it makes the loss non-finite, and the training loop acts on that.
"""

from __future__ import annotations

from typing import NamedTuple

from sabcore.array.checks import check_array
from sabcore.array.library import DTYPES, Array, array_module
from sabcore.errors import DTypeError, NonFiniteError, ShapeError


class CrossEntropyCache(NamedTuple):
    """z (T,B,O), L (T,B), hot (T,B,O) bool, w (T,B) weights, W their sum."""

    z: Array
    L: Array
    hot: Array
    w: Array
    W: Array


def softmax_cross_entropy(y: Array, target: Array, weight: Array | None = None) -> tuple[Array, CrossEntropyCache]:
    """y (T,B,O), target (T,B) whole numbers 0..O-1, weight (T,B) or None (ones) -> loss (), cache.

    z_o  = y_o - max_o y_o                 (C.1)   no exponential can overflow
    L    = log(sum_o exp(z_o))             (C.2)
    l    = L - sum_o hot_o z_o             (C.3)   hot is 1 at the target, 0 elsewhere
    loss = sum_tb w l / W,  W = sum_tb w   (C.4)

    A complex y is ordered by its real part, so that the complex step differentiates the same function.

    Raises:
        ShapeError, DTypeError, NonFiniteError: arrays that do not fit, a target outside 0..O-1, a negative weight, or
            weights that do not sum to a positive number.
    """
    _check_outputs(y)
    xp = array_module(y)
    _check_classes(target, y)
    w = _step_weights(weight, y)
    z = y - y.real.max(axis=-1, keepdims=True)  # C.1
    L = xp.log(xp.exp(z).sum(axis=-1))  # C.2
    hot = target[..., None] == xp.arange(y.shape[-1])
    l = L - xp.where(hot, z, 0).sum(axis=-1)  # C.3  # noqa: E741
    W = w.sum()  # C.4
    return (w * l).sum() / W, CrossEntropyCache(z, L, hot, w, W)  # C.4


def softmax_cross_entropy_backward(dloss: float, cache: CrossEntropyCache) -> Array:
    """dloss (), cache -> dy (T,B,O).

    The maximum of C.1 needs no gradient of its own: dz sums to zero over o, so what it would receive is zero.
    """
    z, L, hot, w, W = cache
    dl = (dloss * w / W)[..., None]  # C.4*
    dz = -dl * hot  # C.3*
    dz = dz + dl * array_module(z).exp(z - L[..., None])  # C.2*
    return dz  # C.1*


class SquaredErrorCache(NamedTuple):
    """r (T,B,O) residuals, w (T,B) weights, W their sum times O."""

    r: Array
    w: Array
    W: Array


def mean_squared_error(y: Array, target: Array, weight: Array | None = None) -> tuple[Array, SquaredErrorCache]:
    """y target (T,B,O), weight (T,B) or None (ones) -> loss (), cache.

    r_o  = y_o - target_o                                (E.1)
    loss = sum_tb w sum_o r_o^2 / W,  W = O sum_tb w     (E.2)

    Raises:
        ShapeError, DTypeError, NonFiniteError: as `softmax_cross_entropy`; the target must be finite.
    """
    _check_outputs(y)
    check_array("target", target, y.shape, like=y)
    w = _step_weights(weight, y)
    r = y - target  # E.1
    W = y.shape[-1] * w.sum()  # E.2
    return (w * (r**2).sum(axis=-1)).sum() / W, SquaredErrorCache(r, w, W)  # E.2


def mean_squared_error_backward(dloss: float, cache: SquaredErrorCache) -> Array:
    """dloss (), cache -> dy (T,B,O)."""
    r, w, W = cache
    dr = (2 * dloss * w / W)[..., None] * r  # E.2*
    return dr  # E.1*


def _check_outputs(y: Array) -> None:
    """As `check_array`, but for the values: see the module's docstring."""
    array_module(y, "y")
    if str(y.dtype) not in DTYPES:
        raise DTypeError(f"y has dtype {y.dtype}, but should have one of {', '.join(DTYPES)}")
    if y.ndim != 3 or 0 in y.shape:
        raise ShapeError(f"y has shape {tuple(y.shape)}, but should have (T, B, O), with every size at least 1")


def _check_classes(target: Array, y: Array) -> None:
    if array_module(target, "target") is not array_module(y) or target.dtype.kind not in "iu":
        raise DTypeError(
            f"target is a {type(target).__name__} of {target.dtype}, but should hold whole numbers, like y"
        )
    if tuple(target.shape) != tuple(y.shape[:2]):
        raise ShapeError(f"target has shape {tuple(target.shape)}, but should have {tuple(y.shape[:2])}, that of y")
    least, most = target.min().item(), target.max().item()
    if least < 0 or most >= y.shape[-1]:
        raise ShapeError(f"target holds classes {least} to {most}, but y has classes 0 to {y.shape[-1] - 1}")


def _step_weights(weight: Array | None, y: Array) -> Array:
    """Weights per step in y's real dtype; a mask of booleans becomes zeros and ones."""
    xp, real = array_module(y), y.real.dtype
    if weight is None:
        return xp.ones(y.shape[:2], dtype=real)
    if array_module(weight, "weight") is xp and weight.dtype.kind == "b":
        weight = weight.astype(real)
    check_array("weight", weight, y.shape[:2], like=y.real)
    total = weight.sum().item()
    if weight.min().item() < 0 or not 0 < total < float("inf"):
        raise NonFiniteError(
            f"weight has least value {weight.min().item():.6g} and sum {total:.6g}, but no weight should be negative "
            "and the sum should be positive and finite"
        )
    return weight
