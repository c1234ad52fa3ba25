"""Gradients without a reverse mode and without subtraction: the imaginary part of the frozen-edges function.

    df/dp = Im f(p + i e) / e        with no cancellation, so e = 1e-30 leaves rounding error alone

Source: Squire and Trapp, Using complex variables to estimate derivatives of real functions, SIAM Review 40 (1998).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .perturb import sweep
from .replay import base_tensors, record

STEP = 1e-30


def gradients(
    config: Mapping[str, Any],
    params: Mapping[str, Any],
    x: Any,
    dy: Any,
    h0: Any = None,
    c0: Any = None,
) -> dict[str, np.ndarray]:
    """x (T,B,I), dy (T,B,O), h0 c0 (B,H) or None -> y, h, c (s with a memory), grad.x, grad.h0, grad.c0, grad.NAME.

    Shapes and names as in `autograd.gradients`; all float64.
    """
    tensors = base_tensors(config, params, x, h0, c0)
    base = record(config, params, x, h0, c0)
    cotangent = np.asarray(dy, dtype=np.float64)
    found = {"y": base.y, "h": base.h[1:], "c": base.c[1:]}
    if config["k_top"] != 0:
        found["s"] = base.s
    for name, value in tensors.items():
        moved = sweep(base, tensors, name, cotangent, np.array([1j * STEP]))
        found[f"grad.{name}"] = (moved.imag / STEP).reshape(value.shape)
    return found
