"""Where a program departs: outputs before gradients, the first step, and what happens there."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from sabcore import SABConfig
from sabcore.validate.cases import ask
from sabcore.validate.departure import Departure, events, first_departure
from sabcore.validate.observed import Observed
from sabcore.validate.ours import Hypothesis, answer
from sabcore.validate.question import Answer, Tensors

CONFIG = SABConfig.paper(input_size=3, hidden_size=4, output_size=5, k_top=2, k_att=2, k_trunc=4)


def found(change: Callable[[Tensors], object]) -> Departure | None:
    """The departure of an answer that is right but for a change in place."""
    question = ask(CONFIG, 1, 9, 3)
    ours = answer(Hypothesis(CONFIG), question)
    assert ours is not None
    theirs = {name: value.copy() for name, value in ours.items() if name != "h"}
    change(theirs)
    return first_departure(Observed(question, Answer(theirs)), ours)


def departs(change: Callable[[Tensors], object]) -> Departure:
    departure = found(change)
    assert departure is not None
    return departure


def test_a_right_answer_departs_nowhere():
    assert found(lambda tensors: None) is None


def test_the_first_step_of_any_tensor_is_blamed():
    def change(tensors: Tensors) -> None:
        tensors["y"][4:] += 1
        tensors["s"][6:] += 1
        tensors["grad.b"] += 1

    assert departs(change)[:2] == ("y", 5)
    assert departs(lambda tensors: tensors["c"].__setitem__((6, 0, 0), 9.0))[:2] == ("c", 7)


def test_what_is_computed_first_is_blamed_first():
    def change(tensors: Tensors) -> None:
        for name in ("y", "s", "c"):
            tensors[name][4] += 1

    assert departs(change)[:2] == ("c", 5)


def test_not_a_number_and_zeros_are_said():
    assert "not finite from step 3 on" in departs(lambda tensors: tensors["y"].__setitem__(slice(2, None), np.nan)).why
    assert "yours is zero everywhere" in departs(lambda tensors: tensors["y"].fill(0)).why


def test_the_gradient_of_x_is_blamed_at_its_last_wrong_step():
    departure = departs(lambda tensors: tensors["grad.x"].__setitem__(slice(0, 4), 0))
    assert departure[:2] == ("grad.x", 4)
    assert "agrees at the steps after 4" in departure.why
    assert "the state that step 5 takes from step 4 is cut" in departure.why
    assert "step 4 writes a slot" in departure.why


def test_gradients_of_parameters_say_which_agree():
    departure = departs(lambda tensors: tensors["grad.w_a"].fill(0))
    assert departure[:2] == ("grad.w_a", None)
    assert departure.why.startswith("yours is zero; ")
    assert "grad.W_hh" in departure.why.partition(" agree")[0]


def test_what_happens_at_a_step_for_the_first_time():
    by_step = {step: list(events(CONFIG, step)) for step in range(1, 10)}
    assert by_step[1] == ["the first step, from zero states"]
    assert by_step[3] == ["the first that reads the memory"]
    assert by_step[7] == ["the first whose memory, 3 slots, is longer than k_top"]
    assert by_step[8] == []
    assert list(events(CONFIG, 1, states=True)) == ["the first step, from the h0 and c0 that are given"]
    from_h0 = dataclasses.replace(CONFIG, memory_start="zero_state")
    assert "the first that reads the memory" in list(events(from_h0, 1))
