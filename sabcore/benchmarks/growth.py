"""Time against length: the backward pass touches what was selected, so that a step costs the same at any T.

The forward pass scores every slot at every step, which no caching avoids; the two are timed apart.
"""

from __future__ import annotations

from typing import Any

from sabcore import SABConfig, backward, forward

from .measure import interleave
from .workload import make_workload


def growth(config: SABConfig, B: int, lengths: tuple[int, ...], engine: str, seconds: float) -> list[dict[str, Any]]:
    """Microseconds a step of each pass at each length, interleaved over the lengths."""
    forwards, backwards = {}, {}
    for T in lengths:
        w = make_workload(config, T, B)
        _, tape = forward(config, w.params, w.x, engine=engine)
        forwards[str(T)] = lambda w=w: forward(config, w.params, w.x, engine=engine)
        backwards[str(T)] = lambda w=w, tape=tape: backward(config, w.params, tape, w.dy)
    back = interleave(backwards, seconds)
    ahead = interleave(forwards, seconds)
    return [
        {"T": int(T), "forward_us": ahead.spread(T).median / int(T) * 1e6, "backward_us": _per_step(back, T)}
        for T in forwards
    ]


def _per_step(times: Any, T: str) -> float:
    return times.spread(T).median / int(T) * 1e6
