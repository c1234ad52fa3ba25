"""Frozen edges: which recurrent edges a truncated gradient may not cross, as a function of recorded constants.

A truncated gradient is the true gradient of the function in which each state read through a cut edge is a recorded
constant. Under `segment` that is one function. Under `sliding` it is a sum of functions, one per injected gradient,
which copies of each state compute together: a copy with budget r crosses r edges and reads a constant after that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Edges:
    """The copies K of each state, and what a step reads of the step before.

    Copies 0..limited-1 cross that many edges each; if `unlimited`, one more copy follows, which reads itself and is
    never cut, except at the segments' boundaries `k_trunc`, `offset`. `loss`, `slot`: the copy losses and slots take.
    """

    limited: int = 0
    unlimited: bool = True
    loss: int = 0
    slot: int = 0
    k_trunc: int | None = None
    offset: int = 0

    @property
    def copies(self) -> int:
        """K."""
        return self.limited + self.unlimited

    def enter(self, state: np.ndarray, constant: np.ndarray, t: int) -> np.ndarray:
        """State (P,K,B,H) of step t - 1 and its recorded constant (B,H) -> what step t reads, (P,K,B,H) or (1,1,B,H).

        The edge from step 1 into the initial state is never cut.
        """
        if t == 1:
            return state
        if self.k_trunc is not None and (t - 1 + self.offset) % self.k_trunc == 0:
            return constant[None, None]
        if self.limited == 0:
            return state
        spent = np.broadcast_to(constant, (len(state), 1, *constant.shape))
        return np.concatenate((spent, state[:, : self.limited - 1], state[:, self.limited :]), axis=1)


def edges_of(config: Mapping[str, Any], T: int) -> Edges:
    """The edges that the truncation of `config` leaves in a sequence of T steps."""
    if config["truncation"] == "segment":
        return Edges(k_trunc=config["k_trunc"], offset=config["segment_offset"])
    k_remind = config["k_trunc"] if config["k_remind"] is None else config["k_remind"]
    budgets = [None if k is None or k >= T else k for k in (config["k_trunc"], k_remind)]
    limited = max((k for k in budgets if k is not None), default=0)
    loss, slot = (limited if k is None else k - 1 for k in budgets)
    return Edges(limited, None in budgets, loss, slot)
