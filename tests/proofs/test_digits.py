"""Difference quotients on fifty digits find a wrong factor; the engine's allowance is a measured one."""

from __future__ import annotations

from dataclasses import replace

import mpmath
import numpy as np
import pytest

from sabcore.proofs import digits
from sabcore.proofs import half as halves
from sabcore.proofs.stage import claims
from sabcore.proofs.step.lstm import HALF
from sabcore.proofs.step.sparsify import THRESHOLD


def errors(half: halves.Half) -> dict[str, float]:
    case = half.cases[0]
    with mpmath.workdps(digits.DIGITS):
        values = {name: digits.exact(value) for name, value in digits.draw(half, case, 0).items()}
        run = digits.forward(half, case, values)
        given = {name: value for name, value in values.items() if name not in half.inputs}
        return {c.gradient: float(digits.error_of(half, case, c, run, given)) for c in claims(half)}


def test_a_right_page_is_right_to_more_than_thirty_digits() -> None:
    found = errors(HALF)
    assert set(found) == set("do dc_new df dc di dg dz_g dz_i dz_f dz_o dz dh dx dW_ih dW_hh db".split())
    assert max(found.values()) < 1e-40


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        ("dh = W_hh^T dz ", "dh = W_hh^T dz + dhhat / 1000000000000000000000000000 ", {"dh"}),
        ("db = sum_t dz ", "db = 2 dz ", {"db"}),
        ("dz_g   = dg (1 - g^2)", "dz_g   = dg (1 - g)", {"dz_g", "dz", "dh", "dx", "dW_ih", "dW_hh", "db"}),
    ],
)
def test_a_wrong_page_is_found_where_it_is_wrong(old: str, new: str, wrong: set[str], monkeypatch) -> None:
    page = halves.page_text("step/lstm")
    assert page.count(old) == 1
    monkeypatch.setattr(halves, "page_text", lambda name: page.replace(old, new))
    assert {name for name, error in errors(replace(HALF)).items() if error > digits.ALLOWED} == wrong


def test_an_engine_off_by_little_is_not_allowed() -> None:
    case = HALF.cases[0]

    def off(values, case):
        right = HALF.engine(values, case)
        return {**right, "dh": right["dh"] * (1 + 1e-12)}

    with mpmath.workdps(digits.DIGITS):
        drawn = digits.draw(HALF, case, 1)
        right = digits.engine_errors(HALF, case, drawn, 2)
        wrong = digits.engine_errors(replace(HALF, engine=off), case, drawn, 2)
    assert all(error <= allowed for error, allowed in right.values())
    assert {name for name, (error, allowed) in wrong.items() if not error <= allowed} == {"dh"}


def test_what_is_held_fixed_may_stand_on_an_edge() -> None:
    """With a margin of 0 the slot at rank r is exactly on the threshold: decisions are those of the point itself."""
    case = next(case for case in THRESHOLD.cases if case.constants["r"] == 2 and case.point["margin"] == "0")
    assert max(errors(replace(THRESHOLD, cases=(case,))).values()) < 1e-40


def test_exact_keeps_floats_as_they_are() -> None:
    with mpmath.workdps(digits.DIGITS):
        assert digits.exact(np.array([0.1]))[0] - mpmath.mpf(1) / 10 == mpmath.mpf(0.1) - mpmath.mpf(1) / 10 != 0
