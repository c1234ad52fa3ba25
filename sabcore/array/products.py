"""Products over all steps and batch rows: one matrix product, where NumPy and CuPy would make one for each step."""

from __future__ import annotations

from sabcore.array.library import Array


def each_times(left: Array, M: Array) -> Array:
    """left (...,P), M (P,Q) -> (...,Q)."""
    return (left.reshape(-1, left.shape[-1]) @ M).reshape(*left.shape[:-1], M.shape[-1])


def outer_sum(left: Array, right: Array) -> Array:
    """left (...,P), right (...,Q) -> (P,Q), the sum of their outer products."""
    return left.reshape(-1, left.shape[-1]).T @ right.reshape(-1, right.shape[-1])
