"""Which memory slot is whose: whole numbers in, whole numbers out, said once for all engines, compiled or not.

Slot j = 0, 1, ... is the hidden state of step first_slot + j k_att; step 0 is the initial state.
"""

from __future__ import annotations


def slots_before(t: int, first_slot: int, k_att: int) -> int:
    """N_t: how many slots step t = 1, 2, ... sees."""
    return (t - 1) // k_att + (first_slot == 0)


def slot_of(t: int, first_slot: int, k_att: int) -> int:
    """The slot that step t = 0, 1, ... wrote; -1 if it wrote none."""
    since = t - first_slot
    return since // k_att if since >= 0 and since % k_att == 0 else -1


def step_of(j: int, first_slot: int, k_att: int) -> int:
    """The step whose hidden state is slot j."""
    return first_slot + j * k_att
