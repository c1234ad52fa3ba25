"""All results of an engine by the names that vector files, oracles and comparisons use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sabcore.array.library import Array, array_module
from sabcore.engine import backward, forward
from sabcore.model.config import SABConfig


def by_name(y: Array, tape: Any, grads: Mapping[str, Array]) -> dict[str, Array]:
    """`y` (T,B,O); `h`, `c`, `s` (T,B,H), the summary s zeros in a plain LSTM; and every gradient, as `grad.NAME`."""
    s = array_module(tape.h).zeros_like(tape.h) if tape.s is None else tape.s
    return {"y": y, "h": tape.h, "c": tape.c, "s": s} | {f"grad.{name}": value for name, value in grads.items()}


def results(
    config: SABConfig,
    params: Mapping[str, Array],
    x: Array,
    dy: Array,
    h0: Array,
    c0: Array,
    *,
    forward: Callable[..., Any] = forward,
    backward: Callable[..., Any] = backward,
) -> dict[str, Array]:
    """x (T,B,I), dy (T,B,O), h0 c0 (B,H) -> all that one forward and one backward pass compute, by name.

    `forward` and `backward` are the public ones, an engine's own, or anybody's with the same signatures.
    """
    y, tape = forward(config, params, x, h0=h0, c0=c0)
    return by_name(y, tape, backward(config, params, tape, dy))
