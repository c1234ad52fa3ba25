"""Sums of vectors, and the inner product."""

from __future__ import annotations

from typing import Any

import numpy as np

from sabcore.engine.cpu.jit import jit, jit_sum


@jit
def add(out: np.ndarray, a: np.ndarray) -> None:
    """out += a, of any equal number of elements."""
    out_flat, a_flat = out.reshape(-1), a.reshape(-1)
    for u in range(len(out_flat)):
        out_flat[u] += a_flat[u]


@jit
def add_scaled(out: np.ndarray, factor: Any, a: np.ndarray) -> None:
    """out (n,) += factor a (n,)."""
    for u in range(len(out)):
        out[u] += factor * a[u]


@jit_sum
def dot(a: np.ndarray, b: np.ndarray) -> Any:
    """a b (n,) -> their inner product."""
    total = a.dtype.type(0)
    for u in range(len(a)):
        total += a[u] * b[u]
    return total
