"""Where a program first departs from a configuration, and what happens there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from sabcore.engine.truncation import Segment
from sabcore.model.config import SABConfig
from sabcore.validate.observed import Observed
from sabcore.validate.question import Tensors

#: In the order in which a step computes them.
_ORDER = ("c", "s", "h", "y")


class Departure(NamedTuple):
    """The first tensor that departs, at which step (None: a parameter's gradient), and what is known about it."""

    tensor: str
    step: int | None
    why: str


def first_departure(case: Observed, ours: Tensors) -> Departure | None:
    """Outputs step by step, then the gradient of x from the last step back, then the parameters'; None if all agree."""
    outputs = [name for name in _ORDER if name in case.theirs and name in ours]
    apart = {name: case.steps_apart(ours, name) for name in outputs}
    for step in range(1, len(case.question.x) + 1):
        for name in outputs:
            if apart[name][step - 1]:
                return Departure(name, step, _why_output(case, ours, name, step))
    wrong = [name for name in case.grads if name in ours and not case.error(ours, [name]) <= 1]
    if not wrong:
        return None
    return _in_x(case, ours) if "grad.x" in wrong else Departure(wrong[0], None, _why_gradient(case, ours, wrong))


def events(config: SABConfig, step: int, states: bool = False) -> Iterator[str]:
    """What happens in the forward pass of a step for the first time; `states`: initial ones are given."""
    slots, before = config.slots_before(step), config.slots_before(step - 1)
    if step == 1:
        yield "the first step, from the h0 and c0 that are given" if states else "the first step, from zero states"
    if step == 2:
        yield "the first step that has a state before it"
    if slots and (step == 1 or not before):
        yield "the first that reads the memory"
    if config.k_top and slots > config.k_top >= before:
        yield f"the first whose memory, {slots} slots, is longer than k_top"


def _why_output(case: Observed, ours: Tensors, name: str, step: int) -> str:
    theirs = case.theirs[name]
    if not np.isfinite(theirs[step - 1]).all():
        what = f"yours is not finite from step {step} on"
    elif not theirs.any():
        what = "yours is zero everywhere"
    else:
        what = f"{name} departs by {case.relative(ours, name, step):.1e} of its largest value"
    happens = " and ".join(events(case.question.config, step, case.question.h0 is not None))
    return f"{what}; step {step} is {happens}" if happens else f"{what} at step {step}"


def _in_x(case: Observed, ours: Tensors) -> Departure:
    step = max(np.flatnonzero(case.steps_apart(ours, "grad.x"))) + 1
    happens = " and ".join(_backward_events(case.question.config, int(step), len(case.question.x)))
    later = f"agrees at the steps after {step}" if step < len(case.question.x) else "differs at the last step already"
    return Departure("grad.x", int(step), f"it {later}{'; ' + happens if happens else ''}")


def _backward_events(config: SABConfig, step: int, T: int) -> Iterator[str]:
    """What the gradient meets at a step on its way back."""
    if config.truncation == "segment" and Segment(config.k_trunc, config.segment_offset).cuts(step + 1) and step < T:
        yield f"the state that step {step + 1} takes from step {step} is cut"
    if config.has_memory and step % config.k_att == 0 and step < T:
        yield f"step {step} writes a slot that later steps may read"


def _why_gradient(case: Observed, ours: Tensors, wrong: list[str]) -> str:
    """Which gradients differ, and whether the first is a multiple of ours."""
    name = wrong[0]
    theirs, own = case.theirs[name], ours[name]
    right = [other for other in case.grads if other not in wrong and other in ours]
    also = f"; so do {', '.join(wrong[1:])}" if wrong[1:] else ""
    agree = f"; {', '.join(right)} agree{'s' * (len(right) == 1)}" if right else ""
    if theirs.shape != own.shape:
        what = f"it has shape {theirs.shape}, but should have {own.shape}"
    elif not theirs.any():
        what = "yours is zero"
    else:
        what = f"it departs by {case.relative(ours, name):.1e} of its largest value"
    return what + also + agree
