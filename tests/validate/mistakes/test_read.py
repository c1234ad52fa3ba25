"""Mistakes in reading and in the output layer: the engine then differentiates exactly what each sentence says."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from sabcore import SABConfig
from sabcore.validate.cases import ask
from sabcore.validate.mistakes.read import READ
from tests.validate.mistakes.model import Model, check, constant, wrong

SIZES: dict[str, Any] = {"input_size": 3, "hidden_size": 4, "output_size": 5}
PAPER = SABConfig.paper(**SIZES, k_top=2, eps=0.2)
SLIDING = dataclasses.replace(PAPER, truncation="sliding", k_trunc=3, k_remind=2)


class Overwritten(Model):
    """Of the steps that select a slot, only the first sends gradient to it and to its key."""

    selected = np.zeros((0, 1, 1), bool)

    def recall(self, t, hhat):
        keys, slots, q = self.visible(self.keys), self.visible(self.slots), self.query(hhat)
        order, N = self.ranked(self.score(keys, q)), len(slots)
        selected = np.argsort(order, axis=0) < min(self.rank(), N)
        earlier = np.zeros_like(selected)
        earlier[: len(self.selected)] = self.selected
        first, self.selected = (selected & ~earlier)[..., None], selected | earlier
        w = self.weights(self.score(np.where(first, keys, constant(keys)), q))
        return self.summary(t, w, np.where(first, slots, constant(slots))[:, 0])


def through_one_copy(self, t, w, m):
    """The memories get gradient from the copy of the state that goes back no edge; the weights from every copy."""
    return np.concatenate((Model.summary(self, t, w[:, :1], m), Model.summary(self, t, w[:, 1:], constant(m))))


def output_of(V_s, d=lambda self: self.p["d"]):
    """The output, what is said of its part of s, and of d."""
    return wrong(output=lambda self, t, h, s, hhat: h @ self.p["V_h"].T + V_s(self, h, s) + d(self))


WRONG: dict[str, type[Model]] = {
    "memory gets no gradient from what was read": wrong(
        summary=lambda self, t, w, m: Model.summary(self, t, w, constant(m))
    ),
    "weights treated as constants": wrong(summary=lambda self, t, w, m: Model.summary(self, t, constant(w), m)),
    "a later read overwrites an earlier one": Overwritten,
    "reads by one level of gradient only": wrong(summary=through_one_copy),
    "output layer's direct path to the memory dropped": output_of(lambda self, h, s: constant(s) @ self.p["V_s"].T),
    "V_s learns from the state": output_of(
        lambda self, h, s: s @ constant(self.p["V_s"]).T + 1j * (h.real @ self.p["V_s"].imag.T)
    ),
    "d averaged over the batch": output_of(
        lambda self, h, s: s @ self.p["V_s"].T,
        lambda self: self.p["d"].real + 1j * self.p["d"].imag / self.p["x"].shape[1],
    ),
}


def test_each_mistake_has_its_model():
    assert [mistake.name for mistake in READ] == list(WRONG)


@pytest.mark.parametrize("mistake", READ, ids=lambda mistake: mistake.name)
def test_what_is_computed_is_what_the_sentence_says(mistake):
    config = SLIDING if "level" in mistake.name else PAPER
    check(mistake, WRONG[mistake.name], ask(config, 1, 9, 3, states=True))
