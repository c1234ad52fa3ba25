"""One question and its answer: what is small enough, what is never, and at which steps they part."""

from __future__ import annotations

import numpy as np
import pytest

from sabcore import SABConfig
from sabcore.validate.cases import ask
from sabcore.validate.observed import ALLOWED, Observed, distance, largest
from sabcore.validate.question import Answer

QUESTION = ask(SABConfig.lstm(input_size=3, hidden_size=4, output_size=5), 1, 6, 2)
Y = np.random.default_rng(0).standard_normal((6, 2, 5))


def observed(y: np.ndarray, **others: np.ndarray) -> Observed:
    return Observed(QUESTION, Answer({"y": y, **others}))


@pytest.mark.parametrize(("by", "passes"), [(0.9, True), (1.1, False), (np.nan, False), (np.inf, False)])
def test_an_error_is_measured_by_the_largest_value(by, passes):
    moved = Y.copy()
    moved[3, 1, 2] += by * ALLOWED["float64"] * largest(Y)
    assert (observed(moved).error({"y": Y}, ["y"]) <= 1) == passes
    assert list(np.flatnonzero(observed(moved).steps_apart({"y": Y}, "y"))) == ([] if passes else [3])


def test_nothing_compared_is_nothing_right():
    assert observed(Y).error({"y": Y}, ["h"]) == np.inf
    assert observed(Y).error({}, ["y"]) == np.inf


def test_another_shape_never_passes():
    assert observed(Y[:5]).error({"y": Y}, ["y"]) == np.inf
    assert observed(Y[:5]).steps_apart({"y": Y}, "y").all()


def test_what_numbers_cancel_down_to_is_measured_by_the_largest_of_its_kind():
    noise = {"grad.b": np.full(16, 1e-15), "grad.W_hh": np.ones((16, 4))}
    assert observed(Y, **noise).error(noise | {"grad.b": np.full(16, -1e-15)}, ["grad.b"]) <= 1
    assert not observed(Y, **noise).error(noise | {"grad.b": np.full(16, 1e-12)}, ["grad.b"]) <= 1


def test_floors_widen_one_tensor():
    case = Observed(QUESTION, Answer({"y": Y + 1e-6}), floors={"y": 1e6})
    assert case.error({"y": Y}, ["y"]) <= 1


def test_where_neither_is_finite_nothing_is_compared():
    holes = Y.copy()
    holes[2] = np.nan
    assert observed(holes).error({"y": holes}, ["y"]) <= 1
    assert not observed(holes).error({"y": Y}, ["y"]) <= 1
    assert not observed(Y).error({"y": holes}, ["y"]) <= 1


def test_the_first_steps_alone():
    case = observed(Y, **{"grad.b": np.ones(16)}).first(2)
    assert (case.theirs["y"].shape, case.question.x.shape, case.grads) == ((2, 2, 5), (2, 2, 3), [])


def test_distances_are_never_nan():
    assert distance(Y, Y) == 0
    assert distance(Y, Y * np.nan) == np.inf
    assert largest(np.array([1.0, -3.0, np.inf])) == 3
