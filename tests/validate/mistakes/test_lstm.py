"""Mistakes of an LSTM step: the engine then differentiates exactly what each sentence says."""

from __future__ import annotations

import numpy as np
import pytest

from sabcore import SABConfig
from sabcore.validate.cases import ask
from sabcore.validate.mistakes.lstm import LSTM
from tests.validate.mistakes.model import Model, as_if, check, constant, sigmoid, wrong

QUESTION = ask(SABConfig.lstm(input_size=3, hidden_size=4, output_size=5), 1, 6, 2, states=True)


def slopes(i=None, f=None, g=None):
    """Gates' gradients from their values, where these are given."""

    def activations(self, z_i, z_f, z_g, z_o):
        right = sigmoid(z_i), sigmoid(z_f), np.tanh(z_g)
        own = [
            value.real + 1j * slope(value.real) * z.imag if slope else value
            for value, z, slope in zip(right, (z_i, z_f, z_g), (i, f, g), strict=True)
        ]
        return *own, sigmoid(z_o)

    return wrong(activations=activations)


def stacked(*order):
    """The gradient of each gate in the rows of another: `order[n]` is the gate whose gradient stands in the n-th."""

    def gates(self, t, x, h):
        z = Model.gates(self, t, x, h)
        return [as_if(z[gate], z[order.index(gate)]) for gate in range(4)]

    return wrong(gates=gates)


def without_later_steps(self, i, f, g, c):
    """What later steps hear of the cell has no gradient: only this step's output has."""
    self.own = f * c + i * g
    return constant(self.own)


WRONG: dict[str, type[Model]] = {
    "cell gradient of later steps dropped": wrong(
        cell=without_later_steps, provisional=lambda self, o, c: o * np.tanh(self.own)
    ),
    "tanh of the cell not differentiated": wrong(
        provisional=lambda self, o, c: o * as_if(np.tanh(c), c),
    ),
    "output gate times the previous cell": wrong(
        provisional=lambda self, o, c: constant(o) * np.tanh(c) + 1j * o.imag * self.c_before.real
    ),
    "input gate and candidate swapped": wrong(
        cell=lambda self, i, f, g, c: f * c + as_if(i * g, i * i / 2 + g * g / 2),
    ),
    "forget gate times the new cell": wrong(
        cell=lambda self, i, f, g, c: constant(f) * c + i * g + 1j * f.imag * (f * c + i * g).real
    ),
    "cell passed on without the forget gate": wrong(
        cell=lambda self, i, f, g, c: f * constant(c) + i * g + 1j * c.imag,
    ),
    "sigmoid of the input gate half differentiated": slopes(i=lambda i: i),
    "forget gate differentiated as tanh": slopes(f=lambda f: 1 - f**2),
    "candidate differentiated as sigmoid": slopes(g=lambda g: g * (1 - g)),
    "gate order i f o g": stacked(0, 1, 3, 2),
    "gate order f i g o": stacked(1, 0, 2, 3),
    "hidden gradient not passed on": wrong(
        gates=lambda self, t, x, h: Model.gates(self, t, x, constant(h)),
    ),
    "cell gradient not passed on": wrong(
        cell=lambda self, i, f, g, c: f * constant(c) + i * g,
    ),
}


def test_each_mistake_has_its_model():
    assert [mistake.name for mistake in LSTM] == list(WRONG)


@pytest.mark.parametrize("mistake", LSTM, ids=lambda mistake: mistake.name)
def test_what_is_computed_is_what_the_sentence_says(mistake):
    check(mistake, WRONG[mistake.name], QUESTION)
