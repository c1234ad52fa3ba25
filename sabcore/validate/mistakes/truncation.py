"""Mistakes in what is cut, and where."""

from __future__ import annotations

from functools import partial

from sabcore.validate.mistakes.record import line

_line = partial(line, file="engine/truncation.py")
_plain = partial(line, file="engine/plain.py")
_CUT = "(t - 1 + segment_offset) %"
_CARRY = "truncation.carry(t, dh), truncation.carry(t, dc)"
_LEVELS = "loss_level, slot_level = (bounded if k is None else k - 1 for k in budgets)"
_REMIND = "k_remind = config.k_trunc if config.k_remind is None else config.k_remind"
_KEPT = "kept[: max(self.bounded - 1, 0)] = d[1 : self.bounded]"

TRUNCATION = [
    _line(
        "segment boundary one step early",
        "The states are cut one step before each boundary.",
        old=_CUT,
        new="(t + segment_offset) %",
    ),
    _line(
        "segment boundary one step late",
        "The states are cut one step after each boundary.",
        old=_CUT,
        new="(t - 2 + segment_offset) %",
    ),
    _line(
        "segment offset ignored",
        "The states are cut at multiples of k_trunc, whatever the offset.",
        tag="T.1",
        old="return Segment(config.k_trunc, config.segment_offset)",
        new="return Segment(config.k_trunc, 0)",
    ),
    _plain(
        "cell state not cut",
        "At a boundary h is detached and c is not.",
        tag="T.1*",
        old=_CARRY,
        new="truncation.carry(t, dh), dc",
    ),
    _plain(
        "hidden state not cut",
        "At a boundary c is detached and h is not.",
        tag="T.1*",
        old=_CARRY,
        new="dh, truncation.carry(t, dc)",
    ),
    _plain(
        "edge into the initial state cut",
        "The initial state is detached as well; it never should be.",
        tag="T.1*",
        old="        if t > 1:\n            dh, dc",
        new="        if True:\n            dh, dc",
    ),
    _line(
        "sliding window of the loss one edge short",
        "The loss's gradient travels k_trunc - 2 edges.",
        old=_LEVELS,
        new=f"{_LEVELS}\n    loss_level = max(loss_level - 1, 0)",
    ),
    _line(
        "sliding window of a reminded state one edge short",
        "A reminded state's gradient travels k_remind - 2 edges.",
        old=_LEVELS,
        new=f"{_LEVELS}\n    slot_level = max(slot_level - 1, 0)",
    ),
    _line(
        "k_remind ignored",
        "A reminded state's gradient gets the budget of the loss's.",
        tag="T.2",
        old=_REMIND,
        new="k_remind = config.k_trunc",
    ),
    _line(
        "sliding window never ends",
        "Under a sliding window nothing is ever dropped.",
        old=_KEPT,
        new="kept[: self.bounded] = d[: self.bounded]",
    ),
]
