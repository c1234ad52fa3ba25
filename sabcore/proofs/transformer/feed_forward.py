"""Runs `feed_forward.md`: two steps, with units on either side of zero."""

from __future__ import annotations

from typing import Any

from sabcore.proofs.half import Case, Half
from sabcore.transformer.feed_forward import feed_forward, feed_forward_backward


def _engine(v: dict[str, Any], case: Case) -> dict[str, Any]:
    _, cache = feed_forward(v["x"][:, None], v["W_1"], v["b_1"], v["W_2"], v["b_2"])
    dx, grads = feed_forward_backward(v["dy"][:, None], cache, v["W_1"], v["W_2"])
    return {"dx": dx[:, 0], **{f"d{name}": value for name, value in grads.items()}}


HALF = Half(
    page="transformer/feed_forward",
    letter="G",
    shapes={
        "x": "t H", "W_1": "F H", "b_1": "F", "W_2": "H F", "b_2": "H", "u": "t j", "f": "t j", "y": "t H",
    },
    inputs=("x", "W_1", "b_1", "W_2", "b_2"),
    outputs=("y",),
    sizes={"t": 2, "H": 2, "F": 3, "j": 3},
    engine=_engine,
    more_cases=(Case("wide", sizes={"t": 3, "H": 3, "F": 5, "j": 5}),),
)  # fmt: skip
