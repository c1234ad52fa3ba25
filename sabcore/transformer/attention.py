"""Causal multi-head self-attention: each step reads itself and the steps before it.

The weights of all pairs of steps would take T^2 numbers. They are made for ROWS reading steps at a time, and made again
in the backward pass, so that memory grows with T alone; steps that come later than all of a part are left out of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from sabcore.array.library import Array, array_module
from sabcore.array.products import each_times, outer_sum

#: So many steps read at a time.
ROWS = 128


class AttentionCache(NamedTuple):
    """x (T,B,H) what came in; by head: q k v (B,n,T,E) queries, keys and values, s (B,n,T,E) what was read."""

    x: Array
    q: Array
    k: Array
    v: Array
    s: Array


def attention(x: Array, W_q: Array, W_k: Array, W_v: Array, W_o: Array, heads: int) -> tuple[Array, AttentionCache]:
    """x (T,B,H), W_q W_k W_v W_o (H,H), n heads of E = H / n units each -> y (T,B,H), cache.

    q_nt  = W_q_n x_t,   k_nt = W_k_n x_t,   v_nt = W_v_n x_t              (Q.1)
    a_ntj = q_nt . k_nj / scale                                            (Q.2)   scale is the root of E
    w_ntj = past_tj exp(a_ntj) / sum_i past_ti exp(a_nti)                  (Q.3)   past_tj is 1 if j <= t, else 0
    s_nt  = sum_j w_ntj v_nj                                               (Q.4)
    y_t   = sum_n W_o_n s_nt                                               (Q.5)
    """
    q, k, v = (split_heads(each_times(x, W_q.T), heads), split_heads(each_times(x, W_k.T), heads),
               split_heads(each_times(x, W_v.T), heads))  # Q.1  # fmt: skip
    s = array_module(x).empty(q.shape, dtype=x.dtype)
    for lo, hi in parts(len(x)):
        w = attention_weights(q, k, lo, hi)
        s[:, :, lo:hi] = w @ v[:, :, :hi]  # Q.4
    y = each_times(join_heads(s), W_o.T)  # Q.5
    return y, AttentionCache(x, q, k, v, s)


def attention_backward(
    dy: Array, cache: AttentionCache, W_q: Array, W_k: Array, W_v: Array, W_o: Array
) -> tuple[Array, dict[str, Array]]:
    """dy (T,B,H), cache, the weights (H,H) -> dx (T,B,H), gradients of W_q, W_k, W_v and W_o."""
    x, q, k, v, s = cache
    xp, scale = array_module(x), _scale(q)
    ds, dW_o = split_heads(each_times(dy, W_o), q.shape[1]), outer_sum(dy, join_heads(s))  # Q.5*
    dq, dk, dv = xp.empty(q.shape, dtype=q.dtype), xp.zeros(k.shape, dtype=k.dtype), xp.zeros(v.shape, dtype=v.dtype)
    for lo, hi in parts(len(x)):
        w, ds_part = attention_weights(q, k, lo, hi), ds[:, :, lo:hi]
        dw = ds_part @ v[:, :, :hi].transpose(0, 1, 3, 2)  # Q.4*
        dv[:, :, :hi] += w.transpose(0, 1, 3, 2) @ ds_part  # Q.4*
        da = w * (dw - (w * dw).sum(axis=-1, keepdims=True))  # Q.3*
        dq[:, :, lo:hi] = da @ k[:, :, :hi] / scale  # Q.2*
        dk[:, :, :hi] += da.transpose(0, 1, 3, 2) @ q[:, :, lo:hi] / scale  # Q.2*
    dq, dk, dv = join_heads(dq), join_heads(dk), join_heads(dv)
    dx = each_times(dq, W_q) + each_times(dk, W_k) + each_times(dv, W_v)  # Q.1*
    dW_q, dW_k, dW_v = outer_sum(dq, x), outer_sum(dk, x), outer_sum(dv, x)  # Q.1*
    return dx, {"W_q": dW_q, "W_k": dW_k, "W_v": dW_v, "W_o": dW_o}


def attention_weights(q: Array, k: Array, lo: int, hi: int) -> Array:
    """q k (B,n,T,E) -> w (B,n,hi-lo,hi): how much of each step j < hi the steps lo <= t < hi read.

    Scores are shifted by the largest that counts: it cancels, and keeps exp from overflowing.
    """
    xp, scale = array_module(q), _scale(q)
    a = q[:, :, lo:hi] @ k[:, :, :hi].transpose(0, 1, 3, 2) / scale  # Q.2
    past = xp.arange(hi) < xp.arange(lo, hi)[:, None] + 1
    seen = xp.where(past, a, -math.inf)
    e = xp.exp(seen - seen.real.max(axis=-1, keepdims=True))
    w = e / e.sum(axis=-1, keepdims=True)  # Q.3
    return w


def parts(T: int) -> Iterator[tuple[int, int]]:
    """The reading steps, ROWS at a time: from lo to hi - 1."""
    for lo in range(0, T, ROWS):
        yield lo, min(lo + ROWS, T)


def split_heads(x: Array, heads: int) -> Array:
    """(T,B,H) -> (B,n,T,E), of H = n E units E to each head."""
    T, B, H = x.shape
    return x.reshape(T, B, heads, H // heads).transpose(1, 2, 0, 3)


def join_heads(x: Array) -> Array:
    """(B,n,T,E) -> (T,B,H), what `split_heads` took apart."""
    B, n, T, E = x.shape
    return x.transpose(2, 0, 1, 3).reshape(T, B, n * E)


def _scale(q: Array) -> float:
    """The root of E: products of E numbers of variance 1 have variance E."""
    return math.sqrt(q.shape[-1])
