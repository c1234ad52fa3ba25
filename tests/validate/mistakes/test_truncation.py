"""Mistakes in what is cut: the engine then cuts exactly where each sentence says."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from sabcore import SABConfig
from sabcore.validate.cases import ask
from sabcore.validate.mistakes.truncation import TRUNCATION
from tests.validate.mistakes.model import Model, check, constant, wrong

SIZES: dict[str, Any] = {"input_size": 3, "hidden_size": 4, "output_size": 5, "k_top": 2}
SEGMENT = SABConfig.paper(**SIZES, k_trunc=3, segment_offset=1)
SLIDING = SABConfig.paper(**SIZES, truncation="sliding", k_trunc=4, k_remind=3)


def cut_before(steps):
    """Segments whose boundaries are before these of the steps 1..9."""
    return wrong(cuts=lambda self, t: t in steps)


def edges(of_loss, of_slot):
    """Sliding windows over so many recurrent edges."""
    return wrong(copies=lambda self: (1 + max(of_loss, of_slot), of_loss, of_slot))


def cut_into_the_initial_state(self, t, state):
    return np.concatenate((constant(state[:1]), state[:-1])) if t == 1 else Model.carry(self, t, state)


WRONG: dict[str, tuple[SABConfig, type[Model]]] = {
    "segment boundary one step early": (SEGMENT, cut_before({2, 5, 8})),
    "segment boundary one step late": (SEGMENT, cut_before({4, 7})),
    "segment offset ignored": (SEGMENT, cut_before({4, 7})),
    "cell state not cut": (SEGMENT, wrong(carried=lambda self, t, h, c: (self.carry(t, h), c))),
    "hidden state not cut": (SEGMENT, wrong(carried=lambda self, t, h, c: (h, self.carry(t, c)))),
    "edge into the initial state cut": (SLIDING, wrong(carry=cut_into_the_initial_state)),
    "sliding window of the loss one edge short": (SLIDING, edges(2, 2)),
    "sliding window of a reminded state one edge short": (SLIDING, edges(3, 1)),
    "k_remind ignored": (SLIDING, edges(3, 3)),
    "sliding window never ends": (SLIDING, wrong(copies=lambda self: (1, 0, 0), carry=lambda self, t, state: state)),
}


def test_each_mistake_has_its_model():
    assert [mistake.name for mistake in TRUNCATION] == list(WRONG)


def test_the_boundaries_are_before_steps_3_6_and_9():
    model = Model(ask(SEGMENT, 1, 9, 2))
    assert [t for t in range(1, 10) if model.cuts(t)] == [3, 6, 9]


@pytest.mark.parametrize("mistake", TRUNCATION, ids=lambda mistake: mistake.name)
def test_what_is_cut_is_what_the_sentence_says(mistake):
    config, model = WRONG[mistake.name]
    check(mistake, model, ask(config, 1, 9, 2, states=True))


def test_a_boundary_moved_at_an_offset_of_0_is_still_moved():
    """The three mistakes of boundaries are three functions, which one offset alone does not show."""
    at_0 = dataclasses.replace(SEGMENT, segment_offset=0)
    for name, steps in (("segment boundary one step early", {3, 6, 9}), ("segment boundary one step late", {2, 5, 8})):
        (mistake,) = (mistake for mistake in TRUNCATION if mistake.name == name)
        check(mistake, cut_before(steps), ask(at_0, 1, 9, 2))
