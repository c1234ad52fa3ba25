"""Compare tensors. The question is "is the error small enough?", never "is it too large?", so that NaN fails."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

#: A tensor of zeros must be met exactly; this only keeps the quotient defined.
TINY = float(np.finfo(np.float64).tiny)


def scaled_error(got: Any, want: Any) -> float:
    """max|got - want| / max(max|want|, tiny) for arrays of one shape; inf if shapes differ or a value is not finite.

    One scale per tensor: neither an absolute tolerance, which small gradients slip under, nor an elementwise relative
    one, which no rounded sum can meet.
    """
    got, want = np.asarray(got), np.asarray(want)
    if got.shape != want.shape or not (np.isfinite(got).all() and np.isfinite(want).all()):
        return math.inf
    if got.size == 0:
        return 0.0
    wide = np.result_type(got, want, np.float64)
    got, want = got.astype(wide), want.astype(wide)
    with np.errstate(over="ignore"):
        return float(np.abs(got - want).max() / max(np.abs(want).max(), TINY))


def small_enough(error: float, allowed: float) -> bool:
    """Whether a finite error is at most `allowed`; False if either is NaN, and for an infinite error always."""
    return bool(math.isfinite(error) and error <= allowed)


def errors(got: Mapping[str, Any], want: Mapping[str, Any]) -> dict[str, float]:
    """The scaled error of each tensor in `want`, by name; inf for one that `got` lacks."""
    return {name: scaled_error(got[name], value) if name in got else math.inf for name, value in want.items()}
