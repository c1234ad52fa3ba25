"""The output layer, over all steps at once: it sees the state and, directly, what was recalled."""

from __future__ import annotations

from sabcore.array.library import Array
from sabcore.array.products import each_times, outer_sum


def readout(h: Array, s: Array, V_h: Array, V_s: Array, d: Array) -> Array:
    """h s (T,B,H), V_h V_s (O,H), d (O,) -> y (T,B,O); s and V_s are None in a plain LSTM.

    y = V_h h + V_s s + d      (Y.1)
    """
    y = each_times(h, V_h.T) + d
    return y if s is None else y + each_times(s, V_s.T)  # Y.1


def readout_backward(dy: Array, h: Array, s: Array, V_h: Array, V_s: Array) -> tuple[Array, Array, dict[str, Array]]:
    """dy (T,B,O), h s (T,B,H) -> dh ds (T,B,H), gradients of V_h, V_s and d. ds is None in a plain LSTM."""
    grads = {"V_h": outer_sum(dy, h), "d": dy.sum(axis=(0, 1))}  # Y.1*
    if s is None:
        return each_times(dy, V_h), None, grads  # Y.1*
    return each_times(dy, V_h), each_times(dy, V_s), grads | {"V_s": outer_sum(dy, s)}  # Y.1*
