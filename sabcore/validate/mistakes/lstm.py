"""Mistakes in the backward pass of one LSTM step."""

from __future__ import annotations

from functools import partial

from sabcore.validate.mistakes.record import line

_line = partial(line, file="step/lstm.py")
_GATES = "(dz_i, dz_f, dz_g, dz_o)"
_RETURN = "return dz, dz @ W_hh, dc"

LSTM = [
    _line(
        "cell gradient of later steps dropped",
        "The cell's gradient comes from this step's output alone.",
        old="dc_new + dhhat * o *",
        new="dhhat * o *",
    ),
    _line(
        "tanh of the cell not differentiated",
        "hhat = o tanh(c) is differentiated as if it were o c.",
        old="dhhat * o * (1 - u**2)",
        new="dhhat * o",
    ),
    _line(
        "output gate times the previous cell",
        "The output gate's gradient takes the previous cell for tanh(c).",
        old="do, dc_new = dhhat * u",
        new="do, dc_new = dhhat * c",
    ),
    _line(
        "input gate and candidate swapped",
        "c = f c_ + i g: di takes i where it needs g, and dg takes g.",
        old="dc_new * g, dc_new * i",
        new="dc_new * i, dc_new * g",
    ),
    _line(
        "forget gate times the new cell",
        "The forget gate multiplies the previous cell, and its gradient the new one.",
        old="dg = dc_new * c,",
        new="dg = dc_new * (f * c + i * g),",
    ),
    _line(
        "cell passed on without the forget gate",
        "The cell's gradient goes back a step undiminished by f.",
        old="c, dc_new * f,",
        new="c, dc_new * 1,",
    ),
    _line(
        "sigmoid of the input gate half differentiated",
        "The slope of a sigmoid is i (1 - i), and here it is i.",
        old="di * i * (1 - i)",
        new="di * i",
    ),
    _line(
        "forget gate differentiated as tanh",
        "The forget gate is a sigmoid, and gets the slope of a tanh.",
        old="df * f * (1 - f)",
        new="df * (1 - f**2)",
    ),
    _line(
        "candidate differentiated as sigmoid",
        "The candidate is a tanh, and gets the slope of a sigmoid.",
        old="dg * (1 - g**2)",
        new="dg * g * (1 - g)",
    ),
    _line(
        "gate order i f o g",
        "The gates' gradients are stacked in another order than the weights' rows.",
        old=_GATES,
        new="(dz_i, dz_f, dz_o, dz_g)",
    ),
    _line(
        "gate order f i g o",
        "The gates' gradients are stacked in another order than the weights' rows.",
        old=_GATES,
        new="(dz_f, dz_i, dz_g, dz_o)",
    ),
    _line(
        "hidden gradient not passed on",
        "No gradient reaches the previous hidden state through W_hh.",
        tag="L.1*",
        old=_RETURN,
        new="return dz, 0 * (dz @ W_hh), dc",
    ),
    _line(
        "cell gradient not passed on",
        "No gradient reaches the previous cell.",
        tag="L.4*",
        old=_RETURN,
        new="return dz, dz @ W_hh, 0 * dc",
    ),
]
