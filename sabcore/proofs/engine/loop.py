"""Runs the time loop's page, `plain.md`, and the truncation's, for one batch row.

The forward pass is that of the function whose gradient a truncated backward pass is: `sliding` holds copies of every
state, and what is detached can be replaced by recorded constants. Copies and levels beyond the bounded ones have no
bound.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sabcore.model.config import SABConfig
from sabcore.proofs.evaluate import Numbers, Run
from sabcore.proofs.half import page_lines
from sabcore.proofs.page import Line

_AXES = {name: "t" for name in ("x", "h", "c", "hhat", "s", "y", "dy", "dh_loss", "ds_loss")}
_AXES |= {name: "l" for name in ("dh", "dc", "ds", "dhhat", "dz", "dq")} | {"dM": "j", "dK": "j", "K": "j"}
_AXES |= {"kept": "l", "d": "l"}


@dataclass(frozen=True)
class Setup:
    """A configuration for T steps, what values are made of, and the functions that the loop's page calls."""

    config: SABConfig
    T: int
    numbers: Numbers
    functions: Mapping[str, Callable[..., Any]]

    @property
    def slots(self) -> int:
        return self.config.slots_before(self.T + 1)

    def budgets(self) -> tuple[int | None, int | None]:
        """Of the loss and of slots, by T.2: the copies they take; None without a bound, as in `segment`."""
        config = self.config
        if config.truncation == "segment":
            return None, None
        k_remind = config.k_trunc if config.k_remind is None else config.k_remind
        lines = Run(self.numbers, {"k_trunc": config.k_trunc or 0, "k_remind": k_remind or 0}, {}, {})
        found = lines.lines(truncation_lines("T.2", starred=False)).values
        return (
            None if config.k_trunc is None else int(found["loss"]),
            None if k_remind is None else int(found["slot"]),
        )

    @property
    def bounded(self) -> int:
        return max((copy + 1 for copy in self.budgets() if copy is not None), default=0)

    @property
    def copies(self) -> int:
        return self.bounded + (None in self.budgets())

    def taken(self) -> tuple[int, int]:
        """The copy, and so the level, of the loss, and that of slots."""
        loss, slot = (self.bounded if copy is None else copy for copy in self.budgets())
        return loss, slot

    def cut(self, t: int) -> bool:
        """By T.1."""
        config = self.config
        if config.truncation != "segment" or config.k_trunc is None:
            return False
        values = {"t": t, "segment_offset": config.segment_offset, "k_trunc": config.k_trunc}
        return bool(Run(Whole(), values, {}, {}).lines(truncation_lines("T.1", starred=False)).values["cut"])

    def wrote(self, t: int) -> int | None:
        """The slot that step t wrote, or None; step 0 is the initial state."""
        j, rest = divmod(t - self.config.first_slot, self.config.k_att)
        return None if rest or j < 0 or j >= self.slots else j


class Whole:
    """Whole numbers, for what decides about steps and levels."""

    def number(self, text: str) -> int:
        return int(text)

    def apply(self, function: str, x: Any) -> Any:
        raise ValueError(f"{function} of whole numbers")

    def positive(self, x: Any) -> bool:
        return x > 0

    def order(self, scores: Any) -> list[int]:
        raise ValueError("whole numbers are not ranked")


def loop_lines(tag: str, starred: bool) -> tuple[Line, ...]:
    return page_lines("engine/plain", tag, starred)


def truncation_lines(tag: str, starred: bool) -> tuple[Line, ...]:
    return page_lines("engine/truncation", tag, starred)


@dataclass
class Pass:
    """A forward pass: the outputs y (T), the loop's values in every copy, and every copy's states (T+1) h and c."""

    y: list[Any]
    runs: list[Run]
    h: list[list[Any]]
    c: list[list[Any]]


def forward(setup: Setup, inputs: Mapping[str, Any], detached: Pass | None = None) -> Pass:
    """inputs x (T+1, I), h0, c0 and parameters -> the pass. What is cut is read from `detached`, if given."""
    made = _blank(setup, inputs)
    loss, slot = setup.taken()
    for t in range(1, setup.T + 1):
        for copy, run in enumerate(made.runs):
            source = _source(setup, copy, t)
            kept = made if source is not None or detached is None else detached
            source = copy if source is None else source
            run.values["h"][t - 1], run.values["c"][t - 1] = kept.h[source][t - 1], kept.c[source][t - 1]
            _show_memory(setup, made, run, t)
            run.bound = {"t": t}
            for tag in ("B.1", "B.2", "B.3"):
                run.lines(loop_lines(tag, starred=False))
            made.h[copy].append(run.values["h"][t].copy())
            made.c[copy].append(run.values["c"][t].copy())
        if (j := setup.wrote(t)) is not None:
            writer = made.runs[slot]
            writer.bound["j"] = j
            writer.lines(loop_lines("B.4", starred=False))
        made.y.append(made.runs[loss].lines(loop_lines("B.5", starred=False)).values["y"][t])
    return made


def _source(setup: Setup, copy: int, t: int) -> int | None:
    """The copy of step t - 1 that a copy of step t reads; None: detached. Step 0 is no one's copy."""
    if t == 1:
        return copy
    if setup.cut(t) or (copy == 0 and setup.bounded > 0):
        return None
    return copy - 1 if copy < setup.bounded else copy


def _blank(setup: Setup, inputs: Mapping[str, Any]) -> Pass:
    T, copies = setup.T, range(setup.copies)
    zero = setup.numbers.number("0")
    runs = []
    for _ in copies:
        values = {**inputs, **{name: np.full((T + 1, *inputs["h0"].shape), zero, dtype=object) for name in ("h", "c")}}
        sizes = {"t": T + 1, "l": setup.copies, "j": setup.slots}
        run = Run(setup.numbers, values, _AXES, sizes, functions=setup.functions)
        run.values["K"] = np.full((setup.slots, *inputs["key_shape"]), zero, dtype=object)
        runs.append(run)
    if setup.wrote(0) is not None:
        for run in runs:
            run.values["K"][0] = setup.functions["key"](run, inputs["h0"])
    return Pass([], runs, [[inputs["h0"]] for _ in copies], [[inputs["c0"]] for _ in copies])


def _show_memory(setup: Setup, made: Pass, run: Run, t: int) -> None:
    """M and K of a step: the copy that slots are, at the steps that wrote, and their keys."""
    _, slot = setup.taken()
    steps = [setup.config.first_slot + j * setup.config.k_att for j in range(setup.config.slots_before(t))]
    run.values["M"] = [made.h[slot][step] for step in steps]
    run.values["K"] = made.runs[slot].values["K"]


def backward(setup: Setup, inputs: Mapping[str, Any], made: Pass, dy: Any) -> Run:
    """dy (T+1, O) -> the loop's values in the end: dh dc of step 0, dM, dK, dweights; `all_dz`, `all_dq` by step."""
    loss, slot = setup.taken()
    run, levels, zero = made.runs[loss], setup.copies, setup.numbers.number("0")
    run.values |= {"loss": loss, "slot": slot, "dy": dy, "all_dz": {}, "all_dq": {}, "dweights": inputs["no_weights"]}
    run.values |= {name: np.full((levels, *inputs["h0"].shape), zero, dtype=object) for name in ("dh", "dc")}
    run.values["dM"] = np.full((setup.slots, *inputs["h0"].shape), zero, dtype=object)
    run.values["dK"] = np.full((setup.slots, *inputs["key_shape"]), zero, dtype=object)
    for t in range(setup.T, 0, -1):
        _show_memory(setup, made, run, t)
        run.bound = {"t": t}
        run.lines(loop_lines("B.5", starred=True))
        if (j := setup.wrote(t)) is not None:
            run.bound["j"] = j
            run.lines(loop_lines("B.4", starred=True))
            del run.bound["j"]
        run.lines([line for tag in ("B.3", "B.2") for line in loop_lines(tag, True) if line.tags[0] == tag])
        run.lines(loop_lines("B.1", starred=True))
        run.values["all_dz"][t], run.values["all_dq"][t] = run.values["dz"], run.values["dq"]
        if t > 1:
            run.values["dh"], run.values["dc"] = (_carry(setup, t, run.values[name]) for name in ("dh", "dc"))
    return run


def _carry(setup: Setup, t: int, d: Any) -> Any:
    """By T.1* or T.2*."""
    zero = np.full_like(d, setup.numbers.number("0"))
    sizes = {"l": setup.copies}
    if setup.config.truncation == "segment":
        run = Run(setup.numbers, {"cut": setup.cut(t), "d": d}, {}, sizes)
        return zero + run.lines(truncation_lines("T.1", starred=True)).values["kept"]
    first, second = truncation_lines("T.2", starred=True)[0].equations
    run = Run(Whole(), {"d": d, "kept": zero, "bounded": setup.bounded}, _AXES, sizes)
    for r in range(1, setup.bounded):
        run.values["r"] = r
        run.equation(first)
    if setup.copies > setup.bounded:
        run.equation(second)
    return run.values["kept"]
