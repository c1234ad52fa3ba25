"""Central differences answer for themselves: the error found is never larger than the error they announce."""

from __future__ import annotations

import numpy as np
import pytest

from sabcore.compare.tensors import compare_tensor
from sabcore.reference import complex_step, differences
from sabcore.reference.differences import FIRST, LEVELS, RATIO, extrapolate
from sabcore.reference.perturb import objective
from sabcore.reference.replay import base_tensors, record
from tests.reference.cases import PRESETS, TRUNCATIONS, make_case


@pytest.mark.parametrize("truncation", ["segment", "sliding", "remind_less", "remind_more"])
@pytest.mark.parametrize("preset", PRESETS)
def test_within_its_own_error(preset, truncation) -> None:
    case = make_case(rows=2, **{**PRESETS[preset], **TRUNCATIONS[truncation]})
    exact = complex_step.gradients(*case)
    values, announced = differences.gradients(*case)
    assert set(values) == set(announced) == {name for name in exact if name.startswith("grad.")}
    for name, value in values.items():
        assert (np.abs(value - exact[name]) <= announced[name]).all(), name
        assert announced[name].max() <= 1e-7 * np.abs(exact[name]).max(), name


def test_a_wrong_gradient_lies_outside_the_error() -> None:
    case = make_case(**TRUNCATIONS["segment"])
    values, announced = differences.gradients(*case)
    for wrong in ({"segment_offset": 1}, {"k_trunc": 2}, {"score_grad": False}, {"threshold_rank": "k_top"}):
        got = complex_step.gradients({**case.config, **wrong}, *case[1:])
        assert any((np.abs(value - got[name]) > announced[name]).any() for name, value in values.items()), wrong
    for name, value in values.items():
        assert not (np.abs(value - np.full_like(value, np.nan)) <= announced[name]).any(), name


@pytest.mark.parametrize(("f", "df"), [(np.exp, np.exp), (np.sin, np.cos), (lambda p: 1 / (p - 0.2), None)])
def test_extrapolation_of_known_functions(f, df) -> None:
    """The last has its pole close by: the first steps are useless there, and have to be seen to be."""
    p = np.array([[-1.0], [0.19], [0.7]])
    step = FIRST / RATIO ** np.arange(LEVELS)
    want = df(p[:, 0]) if df else -1 / (p[:, 0] - 0.2) ** 2
    noise = 4 * np.finfo(float).eps * np.abs(f(p)) / step
    value, error = extrapolate((f(p + step) - f(p - step)) / (2 * step), noise)
    assert (np.abs(value - want) <= error).all()
    assert (error <= 1e-4 * np.abs(want)).all()


def test_a_plain_quotient_of_the_loss_proves_nothing() -> None:
    """Only the frozen function has the truncated gradient: the loss itself differs by tens of percent."""
    case = make_case(**PRESETS["dev2018"], k_trunc=2)
    truncated = complex_step.gradients(*case)["grad.W_hh"]
    step, plain = 1e-6, np.empty_like(truncated)
    for index in np.ndindex(plain.shape):
        ends = []
        for sign in (1, -1):
            moved = {**case.params, "W_hh": case.params["W_hh"].copy()}
            moved["W_hh"][index] += sign * step
            ends.append(float((case.dy * record(case.config, moved, case.x, case.h0, case.c0).y).sum()))
        plain[index] = (ends[0] - ends[1]) / (2 * step)
    whole = complex_step.gradients({**case.config, "k_trunc": None}, *case[1:])["grad.W_hh"]
    assert compare_tensor("grad.W_hh", plain, whole, 1e-6).passed
    assert np.abs(plain - truncated).max() > 0.1 * np.abs(truncated).max()


def test_the_rounding_estimate_bounds_the_rounding() -> None:
    """Against the same function in extended precision, where this machine has one."""
    if np.finfo(np.longdouble).eps >= np.finfo(np.float64).eps:
        pytest.skip("long double is no wider than double here")
    case = make_case(**PRESETS["paper"])
    base, tensors = record(*case.inputs), base_tensors(*case.inputs)
    wide = {name: value[None].astype(np.longdouble) for name, value in tensors.items()}
    narrow = {name: value[None] for name, value in tensors.items()}
    off = float(abs(objective(base, wide, case.dy.astype(np.longdouble)) - objective(base, narrow, case.dy))[0])
    assert off <= differences.rounding(base, tensors, case.dy)
