"""One LSTM step and its vector-Jacobian product (Hochreiter and Schmidhuber, 1997; forget gate: Gers et al., 2000)."""

from __future__ import annotations

from typing import NamedTuple

from sabcore.array.library import Array, array_module


class LSTMCache(NamedTuple):
    """What `lstm_step_backward` needs: the step's inputs x (B,I), h c (B,H), its gates i f g o (B,H) and u (B,H)."""

    x: Array
    h: Array
    c: Array
    i: Array
    f: Array
    g: Array
    o: Array
    u: Array


def sigmoid(z: Array) -> Array:
    """1 / (1 + e^-z) for z of any shape, real or complex, without overflow and accurate in both tails."""
    xp = array_module(z)
    positive = z.real >= 0
    e = xp.exp(xp.where(positive, -z, z))
    return xp.where(positive, 1, e) / (1 + e)


def lstm_step(x: Array, h: Array, c: Array, W_ih: Array, W_hh: Array, b: Array) -> tuple[Array, Array, LSTMCache]:
    """x (B,I), h c (B,H), W_ih (4H,I), W_hh (4H,H), b (4H,) -> hhat c_new (B,H), cache.

    z       = W_ih x + W_hh h + b        (L.1)   gates in the order i f g o
    i, f, o = sigmoid(z_i, z_f, z_o)     (L.2)
    g       = tanh(z_g)                  (L.3)
    c_new   = f c + i g                  (L.4)
    hhat    = o u,   u = tanh(c_new)     (L.5)
    """
    xp = array_module(x)
    z = x @ W_ih.T + h @ W_hh.T + b  # L.1
    z_i, z_f, z_g, z_o = xp.split(z, 4, axis=-1)
    i, f, o = sigmoid(z_i), sigmoid(z_f), sigmoid(z_o)  # L.2
    g = xp.tanh(z_g)  # L.3
    c_new = f * c + i * g  # L.4
    u = xp.tanh(c_new)  # L.5
    return o * u, c_new, LSTMCache(x, h, c, i, f, g, o, u)  # L.5


def lstm_step_backward(dhhat: Array, dc_new: Array, cache: LSTMCache, W_hh: Array) -> tuple[Array, Array, Array]:
    """dhhat dc_new (...,B,H), cache, W_hh (4H,H) -> dz (...,B,4H), dh dc (...,B,H).

    The same equations, bottom to top. dx and the weight gradients are the loop's: it takes `dz W_ih`, `dz x^T` and
    `dz h^T` once, over all steps. Leading axes hold gradients that share the step but not their history.
    """
    _, _, c, i, f, g, o, u = cache
    do, dc_new = dhhat * u, dc_new + dhhat * o * (1 - u**2)  # L.5*
    df, dc, di, dg = dc_new * c, dc_new * f, dc_new * g, dc_new * i  # L.4*
    dz_g = dg * (1 - g**2)  # L.3*
    dz_i, dz_f, dz_o = di * i * (1 - i), df * f * (1 - f), do * o * (1 - o)  # L.2*
    dz = array_module(dhhat).concatenate((dz_i, dz_f, dz_g, dz_o), axis=-1)  # L.1*
    return dz, dz @ W_hh, dc  # L.1*
