"""What ports do with initial states that they are given: only programs that take h0 and c0 can show it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sabcore.array.library import Array
from sabcore.validate.mistakes.record import Change, Mistake, Tensors

_PLAIN = "engine/plain.py"
_SLOTS = "[config.first_slot :: config.k_att]"
_WITH_ZEROS = "array_module(tape.x).concatenate((0 * tape.h_all[:1], tape.h_all[1:]))"


def _states(change: Callable[[Array, Array], tuple[Array, Array]]) -> Callable[[Any], None]:
    """Starts from `change(h0, c0)`; a linear change that is its own adjoint, so that gradients take it as well."""

    def replace(parts: Any) -> None:
        forward, backward = parts.plain.forward, parts.plain.backward

        def other_forward(config: Any, params: Tensors, x: Array, h0: Array, c0: Array) -> Any:
            return forward(config, params, x, *change(h0, c0))

        def other_backward(config: Any, params: Tensors, tape: Any, dy: Array) -> Tensors:
            grads = backward(config, params, tape, dy)
            dh0, dc0 = change(grads["h0"], grads["c0"])
            return grads | {"h0": dh0, "c0": dc0}

        parts.plain.forward, parts.plain.backward = other_forward, other_backward

    return replace


def _without(*names: str) -> Callable[[Tensors], Tensors]:
    """Zeros for the gradients of these names."""
    return lambda grads: grads | {name: np.zeros_like(grads[name]) for name in names}


INITIAL = [
    Mistake(
        "h0 and c0 ignored",
        "The initial states are zeros, whatever is given.",
        "forward",
        replace=_states(lambda h, c: (0 * h, 0 * c)),
    ),
    Mistake("h0 ignored", "h0 is zeros, whatever is given.", "forward", replace=_states(lambda h, c: (0 * h, c))),
    Mistake("c0 ignored", "c0 is zeros, whatever is given.", "forward", replace=_states(lambda h, c: (h, 0 * c))),
    Mistake("h0 and c0 swapped", "h0 is taken for c0, and c0 for h0.", "forward", replace=_states(lambda h, c: (c, h))),
    Mistake(
        "zeros for h0 in the memory",
        "The first slot holds zeros under memory_start = zero_state, and should hold h0.",
        "forward",
        (
            Change(_PLAIN, f"M = tape.h_all{_SLOTS}[:N]", f"M = {_WITH_ZEROS}{_SLOTS}[:N]"),
            Change(_PLAIN, f"self.M = tape.h_all{_SLOTS}", f"self.M = {_WITH_ZEROS}{_SLOTS}"),
            Change(_PLAIN, "tape.keys[0] = score.key(h0)", "tape.keys[0] = score.key(0 * h0)"),
            Change(_PLAIN, 'grads["h0"] += memory.slot_credit(0)', 'grads["h0"] += 0 * memory.slot_credit(0)'),
        ),
        tag="B.4",
    ),
    Mistake(
        "first segment cut off from the initial state",
        "Where the rule of the boundaries holds at step 1, h0 and c0 are detached; that edge is never cut.",
        "backward",
        (
            Change("engine/truncation.py", "return t > 1 and (t - 1", "return (t - 1"),
            Change(_PLAIN, "        if t > 1:\n            dh, dc", "        if True:\n            dh, dc"),
        ),
        tag="T.1*",
    ),
    Mistake(
        "no gradient into h0 and c0",
        "The initial states are detached; the gradient into them is never cut.",
        "backward",
        gives=_without("h0", "c0"),
    ),
    Mistake("no gradient into h0", "h0 is detached, and c0 is not.", "backward", gives=_without("h0")),
    Mistake("no gradient into c0", "c0 is detached, and h0 is not.", "backward", gives=_without("c0")),
    Mistake(
        "gradients of h0 and c0 swapped",
        "The gradient of h0 is given as that of c0, and the other way round.",
        "backward",
        gives=lambda grads: grads | {"h0": grads["c0"], "c0": grads["h0"]},
    ),
]
