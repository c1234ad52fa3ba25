"""The feed-forward layer: each step by itself, through F rectified units and back."""

from __future__ import annotations

from typing import NamedTuple

from sabcore.array.library import Array, array_module
from sabcore.array.products import each_times, outer_sum


class FeedForwardCache(NamedTuple):
    """x (T,B,H) what came in, f (T,B,F) the rectified units."""

    x: Array
    f: Array


def feed_forward(x: Array, W_1: Array, b_1: Array, W_2: Array, b_2: Array) -> tuple[Array, FeedForwardCache]:
    """x (T,B,H), W_1 (F,H), b_1 (F,), W_2 (H,F), b_2 (H,) -> y (T,B,H), cache.

    u   = W_1 x + b_1        (G.1)
    f_j = max(0, u_j)        (G.2)   a complex u by its real part
    y   = W_2 f + b_2        (G.3)
    """
    u = each_times(x, W_1.T) + b_1  # G.1
    f = array_module(x).where(u.real > 0, u, 0)  # G.2
    y = each_times(f, W_2.T) + b_2  # G.3
    return y, FeedForwardCache(x, f)


def feed_forward_backward(dy: Array, cache: FeedForwardCache, W_1: Array, W_2: Array) -> tuple[Array, dict[str, Array]]:
    """dy (T,B,H), cache, W_1 (F,H), W_2 (H,F) -> dx (T,B,H), gradients of W_1, b_1, W_2 and b_2."""
    x, f = cache
    df, dW_2, db_2 = each_times(dy, W_2), outer_sum(dy, f), dy.sum(axis=(0, 1))  # G.3*
    du = array_module(dy).where(f.real > 0, df, 0)  # G.2*
    dx, dW_1, db_1 = each_times(du, W_1), outer_sum(du, x), du.sum(axis=(0, 1))  # G.1*
    return dx, {"W_1": dW_1, "b_1": db_1, "W_2": dW_2, "b_2": db_2}
