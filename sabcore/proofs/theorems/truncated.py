"""Section 1: what a truncated gradient is the gradient of."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np

from sabcore.proofs import digits
from sabcore.proofs.engine.plain import CONFIGS, draw, error_of, gradients, loss
from sabcore.proofs.theorems.claim import Claim

_SEGMENTS = CONFIGS["segments of 2, every second step a slot"]
_SLIDING = CONFIGS["sliding, 2 steps, reminded 1"]


def check() -> list[Claim]:
    with mpmath.workdps(digits.DIGITS):
        values = {name: digits.exact(value) for name, value in draw(_SEGMENTS, seed=7).items()}
        frozen = max(error_of(config, values, seed=8) for config in (_SEGMENTS, _SLIDING))
        off = _off_the_loss(values)
        skew = _skewness(values, "b")
    return [
        Claim("1.1", "a truncated gradient is that of the function with its cut states recorded",
              f"largest relative difference {float(frozen):.0e}", bool(frozen < digits.ALLOWED)),
        Claim("1.2", "it is not that of the loss",
              f"a difference quotient of the loss is {float(off):.0%} off", bool(off > 0.01)),
        Claim("1.3", "it is the gradient of no function of the parameters at all",
              f"its Jacobian is {float(skew):.1%} skew in b; a gradient's is symmetric", bool(skew > 0.001)),
    ]  # fmt: skip


def _off_the_loss(values: dict[str, Any]) -> Any:
    """|truncated - true| / |true| along a random direction of W_hh."""
    direction = digits.exact(np.random.default_rng(9).standard_normal(values["W_hh"].shape))
    step = mpmath.mpf(digits.STEP)
    above, below = (loss(_SEGMENTS, {**values, "W_hh": values["W_hh"] + sign * step * direction}) for sign in (1, -1))
    true, got = (above - below) / (2 * step), np.sum(gradients(_SEGMENTS, values)["W_hh"] * direction)
    return abs(got - true) / abs(true)


def _skewness(values: dict[str, Any], name: str) -> Any:
    """|J - J^T| / |J + J^T| of the truncated gradient's Jacobian J with respect to a vector."""
    step, size = mpmath.mpf(digits.STEP), len(values[name])
    rows = []
    for at in range(size):
        direction = digits.exact(np.eye(size)[at])
        above, below = (
            gradients(_SEGMENTS, {**values, name: values[name] + sign * step * direction})[name] for sign in (1, -1)
        )
        rows.append((above - below) / (2 * step))
    J = np.array(rows)
    return mpmath.sqrt(((J - J.T) ** 2).sum() / ((J + J.T) ** 2).sum())
