"""Which slot is whose: when a step writes one, how many a step sees, where a slot's memory stands."""

from __future__ import annotations

from typing import Any

from numba import cuda

from sabcore.engine.cuda.device_math import quotient


@cuda.jit(device=True)
def visible(plan: Any, t: int) -> int:
    """N_t, the slots that step t >= 1 can read."""
    return quotient(t - 1, plan.k_att) + (1 if plan.first_slot == 0 else 0)


@cuda.jit(device=True)
def slot_of(plan: Any, t: int) -> int:
    """The slot that step t wrote, step 0 being the initial state; -1 if it wrote none that anyone reads."""
    since = t - plan.first_slot
    if since < 0:
        return -1
    j = quotient(since, plan.k_att)
    return j if since == j * plan.k_att and j < plan.N else -1


@cuda.jit(device=True)
def memory_row(plan: Any, j: int, b: int) -> int:
    """Where slot j of batch row b stands in h_all ((T+1)B,H)."""
    return (plan.first_slot + j * plan.k_att) * cuda.gridDim.x + b
