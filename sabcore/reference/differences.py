"""Central differences of the frozen-edges function, extrapolated, with an estimate of their own error per element.

    D_k0 = (f(p + e_k) - f(p - e_k)) / 2 e_k,   e_k = FIRST / RATIO^k      error in even powers of e_k, and rounding
    D_kj = (q D_k,j-1 - D_k-1,j-1) / (q - 1),   q = RATIO^(2j)             Richardson: one even power less

The error of D_kj is estimated by its distance from the two entries it was made of, plus the rounding error of the
function, carried through the same sums. Each element takes the entry with the smallest estimate, as in Ridders,
Accurate computation of F'(x) and F'(x)F''(x), Advances in Engineering Software 4 (1982).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .perturb import objective, sweep
from .replay import Record, base_tensors, record
from .rounding import EPS, ulp_moves

FIRST, RATIO, LEVELS = 2.0**-5, 4.0, 6

Gradients = dict[str, np.ndarray]


def gradients(
    config: Mapping[str, Any],
    params: Mapping[str, Any],
    x: Any,
    dy: Any,
    h0: Any = None,
    c0: Any = None,
) -> tuple[Gradients, Gradients]:
    """x (T,B,I), dy (T,B,O), h0 c0 (B,H) or None -> (values, errors), each grad.x, grad.h0, grad.c0, grad.NAME.

    `errors` holds the estimated absolute error of each element of `values`; both are shaped like the tensors.
    """
    tensors = base_tensors(config, params, x, h0, c0)
    base = record(config, params, x, h0, c0)
    cotangent = np.asarray(dy, dtype=np.float64)
    noise = rounding(base, tensors, cotangent)
    step = FIRST / RATIO ** np.arange(LEVELS)
    values, errors = {}, {}
    for name, tensor in tensors.items():
        f = sweep(base, tensors, name, cotangent, np.concatenate((step, -step)))
        p = tensor.reshape(-1, 1)
        width = (p + step) - (p - step)  # the distance as rounded, not as meant
        value, error = extrapolate((f[:, :LEVELS] - f[:, LEVELS:]) / width, 2 * noise / width)
        values[f"grad.{name}"], errors[f"grad.{name}"] = value.reshape(tensor.shape), error.reshape(tensor.shape)
    return values, errors


def extrapolate(first: np.ndarray, noise: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Difference quotients (n,LEVELS) by falling step, and their rounding errors -> best value (n,), its error (n,)."""
    best, least = first[:, 0].copy(), np.full(len(first), np.inf)
    for j in range(1, first.shape[1]):
        q = RATIO ** (2 * j)
        finer, coarser = first[:, 1:], first[:, :-1]
        column = (q * finer - coarser) / (q - 1)
        noise = (q * noise[:, 1:] + noise[:, :-1]) / (q - 1)
        error = np.maximum(abs(column - finer), abs(column - coarser)) + noise
        for k in range(column.shape[1]):
            better = error[:, k] < least
            best, least = np.where(better, column[:, k], best), np.where(better, error[:, k], least)
        first = column
    return best, least


def rounding(base: Record, tensors: Mapping[str, np.ndarray], dy: np.ndarray) -> float:
    """The rounding error of sum(dy y): twice its largest change under 32 random ulp moves, plus that of the sum."""
    here = objective(base, {name: value[None] for name, value in tensors.items()}, dy)
    spread = np.abs(objective(base, ulp_moves(tensors, 32), dy) - here).max()
    return float(2 * spread + EPS * np.abs(dy * base.y).sum())
