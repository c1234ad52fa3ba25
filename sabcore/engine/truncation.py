"""How far a gradient travels back through the recurrent edges: a policy, asked once a step by the backward loop.

A backward loop keeps the gradients of (h, c) with a leading axis of L levels. Gradients on one level share their
future; on different levels, the same step's equations apply to each, but they are cut at different edges. Parameters,
inputs and memories receive the sum over levels.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from sabcore.array.library import Array, array_module
from sabcore.model.config import SABConfig


class Truncation(Protocol):
    """`levels` L; the level on which the loss, and that on which a read slot, injects into the state of its step."""

    @property
    def levels(self) -> int: ...

    @property
    def loss_level(self) -> int: ...

    @property
    def slot_level(self) -> int: ...

    def carry(self, t: int, d: Array) -> Array:
        """d (L,B,H), the gradient of step t's h_ or c_ (t >= 2) -> kept (L,B,H), that of the state of step t - 1."""
        ...


def cuts(t: int, k_trunc: int, segment_offset: int) -> bool:
    """t -> cut: True if the edge from step t to t - 1 is cut; t = 1 is the edge into h0, c0 and never is. 0: no cuts.

    cut = t > 1 and (t - 1 + segment_offset) mod k_trunc = 0      (T.1)   then step t reads (h, c)_{t-1} detached
    """
    if k_trunc == 0:
        return False
    return t > 1 and (t - 1 + segment_offset) % k_trunc == 0  # T.1


class Segment(NamedTuple):
    """Full back-propagation through time (k_trunc None), or cut at fixed boundaries between segments (T.1)."""

    k_trunc: int | None
    segment_offset: int
    levels: int = 1
    loss_level: int = 0
    slot_level: int = 0

    def cuts(self, t: int) -> bool:
        """True if the edge from step t to t - 1 is cut (T.1)."""
        return cuts(t, self.k_trunc or 0, self.segment_offset)

    def carry(self, t: int, d: Array) -> Array:
        return array_module(d).zeros_like(d) if self.cuts(t) else d  # T.1*


class Sliding(NamedTuple):
    """TBPTT(1, k) of Williams and Peng (1990), with a budget for the loss and one for reminded states.

    Level r < `bounded` holds gradients that may cross r more edges; a level above, if there is one, is never cut.

    loss = k_trunc - 1,   slot = k_remind - 1      (T.2)   of the copies of a state, which one the loss, a slot takes
    """

    bounded: int
    levels: int
    loss_level: int
    slot_level: int

    def carry(self, t: int, d: Array) -> Array:
        kept = array_module(d).zeros_like(d)
        kept[: max(self.bounded - 1, 0)] = d[1 : self.bounded]  # T.2*
        kept[self.bounded :] = d[self.bounded :]  # T.2*
        return kept


def make_truncation(config: SABConfig, T: int) -> Truncation:
    """The policy that `config` names, for a sequence of T steps. A budget of T - 1 edges or more never runs out."""
    if config.truncation == "segment":
        return Segment(config.k_trunc, config.segment_offset)
    k_remind = config.k_trunc if config.k_remind is None else config.k_remind
    budgets = [k if k is not None and k < T else None for k in (config.k_trunc, k_remind)]
    bounded = max((k for k in budgets if k is not None), default=0)
    loss_level, slot_level = (bounded if k is None else k - 1 for k in budgets)  # T.2
    return Sliding(bounded, bounded + (None in budgets), loss_level, slot_level)
