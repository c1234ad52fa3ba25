"""Layer normalisation (Ba, Kiros and Hinton, 2016, arXiv 1607.06450), over the last axis."""

from __future__ import annotations

from typing import NamedTuple

from sabcore.array.library import Array, array_module

#: Added to the variance, so that a vector of equal numbers can be divided by its root.
EPS = 1e-5


class NormCache(NamedTuple):
    """n (...,H) normalised vectors, r (...,1) the roots that they were divided by."""

    n: Array
    r: Array


def layer_norm(x: Array, gain: Array, bias: Array, eps: float = EPS) -> tuple[Array, NormCache]:
    """x (...,H), gain bias (H,) -> y (...,H), cache.

    mu  = sum_j x_j / H                       (N.1)
    c_j = x_j - mu                            (N.2)
    r   = sqrt(sum_j c_j^2 / H + eps)         (N.3)
    n_j = c_j / r                             (N.4)
    y_j = gain_j n_j + bias_j                 (N.5)
    """
    H = x.shape[-1]
    mu = x.sum(axis=-1, keepdims=True) / H  # N.1
    c = x - mu  # N.2
    r = array_module(x).sqrt((c**2).sum(axis=-1, keepdims=True) / H + eps)  # N.3
    n = c / r  # N.4
    y = gain * n + bias  # N.5
    return y, NormCache(n, r)


def layer_norm_backward(dy: Array, cache: NormCache, gain: Array) -> tuple[Array, Array, Array]:
    """dy (...,H), cache, gain (H,) -> dx (...,H), dgain dbias (H,)."""
    n, r = cache
    H = dy.shape[-1]
    dn, over_steps = dy * gain, tuple(range(dy.ndim - 1))  # N.5*
    dgain, dbias = (dy * n).sum(axis=over_steps), dy.sum(axis=over_steps)  # N.5*
    dc = (dn - n * (n * dn).sum(axis=-1, keepdims=True) / H) / r  # N.4*, N.3*
    dx = dc - dc.sum(axis=-1, keepdims=True) / H  # N.2*, N.1*
    return dx, dgain, dbias
