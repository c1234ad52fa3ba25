"""What ports make their output from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sabcore.array.library import Array
from sabcore.array.products import each_times, outer_sum
from sabcore.validate.mistakes.record import Mistake


def _output(of_h: float, of_s: float, own: float) -> Callable[[Any], None]:
    """y = V_h (of_h h + of_s s) + own V_s s + d."""

    def readout(h: Array, s: Array, V_h: Array, V_s: Array, d: Array) -> Array:
        return each_times(of_h * h + of_s * s, V_h.T) + own * each_times(s, V_s.T) + d

    def readout_backward(
        dy: Array, h: Array, s: Array, V_h: Array, V_s: Array
    ) -> tuple[Array, Array, dict[str, Array]]:
        to_state = each_times(dy, V_h)
        grads = {"V_h": outer_sum(dy, of_h * h + of_s * s), "V_s": own * outer_sum(dy, s), "d": dy.sum(axis=(0, 1))}
        return of_h * to_state, of_s * to_state + own * each_times(dy, V_s), grads

    def replace(parts: Any) -> None:
        parts.plain.readout, parts.plain.readout_backward = readout, readout_backward

    return replace


OUTPUT = [
    Mistake("output from s alone", "y = V_s s + d: the state is not read out.", "forward", replace=_output(0, 0, 1)),
    Mistake("output from h alone", "y = V_h h + d: there is no V_s.", "forward", replace=_output(1, 0, 0)),
    Mistake("output from h + s", "y = V_h (h + s) + d: one matrix for both.", "forward", replace=_output(1, 1, 0)),
    Mistake("output from 2 h + s", "y = V_h (2 h + s) + d: one matrix for both.", "forward", replace=_output(2, 1, 0)),
    Mistake(
        "output from hhat",
        "y = V_h hhat + V_s s + d: the provisional state is read out.",
        "forward",
        replace=_output(1, -1, 1),
    ),
]
