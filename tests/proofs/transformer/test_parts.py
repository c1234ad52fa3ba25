"""The stand-ins: functions with products of their own, no two of which commute."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

pytest.importorskip("sympy")
from sabcore.proofs.digits import Digits, exact
from sabcore.proofs.transformer.parts import stand_ins


def test_a_stand_ins_product_is_that_of_its_derivative() -> None:
    rng = np.random.default_rng(0)
    x, dx, dy = (exact(rng.normal(size=(2, 3))) for _ in range(3))
    functions = stand_ins(Digits(), ("one", "two"))
    with mpmath.workdps(60):
        step = mpmath.mpf("1e-20")
        for name in ("one", "two"):
            f = functions[name]
            want = (dy * (f(None, x + step * dx) - f(None, x - step * dx)) / (2 * step)).sum()
            got = (functions[f"{name}*"](None, dy, x) * dx).sum()
            assert abs(got - want) < 1e-30 * abs(want)


def test_no_two_commute() -> None:
    x = exact(np.arange(1.0, 7.0).reshape(2, 3))
    one, two = (stand_ins(Digits(), ("one", "two"))[name] for name in ("one", "two"))
    assert (one(None, two(None, x)) != two(None, one(None, x))).any()
