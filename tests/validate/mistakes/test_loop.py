"""Mistakes in the time loop: the engine then computes, or differentiates, exactly what each sentence says."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from sabcore import SABConfig
from sabcore.validate.cases import ask
from sabcore.validate.mistakes.build import build
from sabcore.validate.mistakes.loop import LOOP
from sabcore.validate.ours import Hypothesis, answer
from tests.validate.mistakes.model import Model, as_if, check, constant, wrong

SIZES: dict[str, Any] = {"input_size": 3, "hidden_size": 4, "output_size": 5, "attention_size": 6, "k_top": 2}
CONFIG = SABConfig.paper(**SIZES, k_att=2, eps=0.2, memory_start="zero_state")
DETACHED = dataclasses.replace(CONFIG, score_grad=False)
#: Their forward and backward contradict each other, so that their gradients are nobody's: seen in what is computed.
OF_THE_MEMORY = ("memory holds the provisional state", "first slot at step 1", "zero state not in the memory")
BY_NAME = {mistake.name: mistake for mistake in LOOP}


class OneStepLate(Model):
    """A slot has the gradient of the state one step after its own, of which that step's own read knows nothing."""

    def write(self, m, hhat):
        Model.write(self, constant(m), hhat)

    def after(self, t, h):
        if self.writes(t - 1):
            j = (t - 1) // self.config.k_att
            self.slots[j] = as_if(self.slots[j], h[0])
            self.keys[j] = self.key(self.slots[j])


class OfTheFirstRead(Model):
    """w_a has a gradient at the first read alone."""

    def score(self, k, q):
        w_a, self.asked = (constant(self.p["w_a"]) if hasattr(self, "asked") else self.p["w_a"]), True
        return np.tanh(k + q) @ w_a


class NewStates(Model):
    """W_hh has the gradient of a step that starts from the state that this step ends with."""

    def gates(self, t, x, h):
        W, new = self.p["W_hh"], Model(self.question).run()["h"][t - 1]
        z = x @ self.p["W_ih"].T + h @ constant(W).T + 1j * (new.real @ W.imag.T) + self.p["b"]
        return np.split(z, 4, axis=-1)


WRONG: dict[str, tuple[SABConfig, type[Model]]] = {
    "memories detached": (CONFIG, wrong(write=lambda self, m, hhat: Model.write(self, constant(m), hhat))),
    "slot's gradient one step late": (CONFIG, OneStepLate),
    "initial state's slot forgotten": (
        CONFIG,
        wrong(write=lambda self, m, hhat: Model.write(self, m if self.slots else constant(m), hhat)),
    ),
    "score_grad = false detaches nothing in the memory": (
        DETACHED,
        wrong(scored=lambda self, m: m),
    ),
    "score_grad = false does not detach the query": (DETACHED, wrong(asking=lambda self, hhat: hhat)),
    "score_grad = false stops the score's weights": (
        DETACHED,
        wrong(taken=lambda self, p: p | {name: constant(p[name]) for name in ("W_m", "W_q")}),
    ),
    "W_hh learns from the new state": (CONFIG, NewStates),
    "summary gets no gradient from the state": (CONFIG, wrong(state=lambda self, hhat, s: hhat + constant(s))),
    "query gets no gradient from the read": (
        CONFIG,
        wrong(asking=lambda self, hhat: constant(hhat)),
    ),
    "provisional state gets only the query's gradient": (
        CONFIG,
        wrong(state=lambda self, hhat, s: constant(hhat) + s),
    ),
    "keys' gradients never reach the memory": (CONFIG, wrong(key=lambda self, m: constant(Model.key(self, m)))),
    "w_a learns from the first step only": (CONFIG, OfTheFirstRead),
    "summary not added to the state": (CONFIG, wrong(state=lambda self, hhat, s: as_if(hhat, hhat + s))),
}


def test_each_mistake_has_its_model():
    assert [mistake.name for mistake in LOOP if mistake.name not in OF_THE_MEMORY] == list(WRONG)


@pytest.mark.parametrize("name", WRONG)
def test_what_is_computed_is_what_the_sentence_says(name):
    config, model = WRONG[name]
    check(BY_NAME[name], model, ask(config, 1, 7, 2, states=True))


def test_keys_are_made_from_the_provisional_state():
    question = ask(CONFIG, 1, 7, 2, states=True)
    found = answer(Hypothesis(CONFIG, (BY_NAME["memory holds the provisional state"],)), question)
    keys_of_hhat = wrong(write=lambda self, m, hhat: (self.slots.append(m), self.keys.append(self.key(hhat))))
    assert found is not None
    assert np.allclose(found["y"], keys_of_hhat(question).run()["y"].real, rtol=0, atol=1e-12)
    assert not np.allclose(found["y"], Model(question).run()["y"].real, rtol=0, atol=1e-3)


@pytest.mark.parametrize(
    ("name", "memory_start", "first", "visible"),
    [
        (None, "empty", 3, [0, 0, 0, 1, 1, 1, 2]),
        (None, "zero_state", 0, [1, 1, 1, 2, 2, 2, 3]),
        ("first slot at step 1", "empty", 1, [0, 0, 0, 1, 1, 1, 2]),
        ("first slot at step 1", "zero_state", 0, [1, 1, 1, 2, 2, 2, 3]),
        ("zero state not in the memory", "zero_state", 0, [0, 0, 0, 1, 1, 1, 2]),
    ],
)
def test_which_slots_are_where(name, memory_start, first, visible):
    engine = build([BY_NAME[name]] if name else [])
    config = engine.config(**SIZES, k_att=3, memory_start=memory_start)
    assert config.first_slot == first
    assert [config.slots_before(t) for t in range(1, 8)] == visible
