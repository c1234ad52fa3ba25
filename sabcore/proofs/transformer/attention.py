"""Runs `attention.md`: one batch row, two heads, whose units are so many that the root of their number is exact."""

from __future__ import annotations

from typing import Any

import numpy as np

from sabcore.proofs.half import Case, Half
from sabcore.transformer.attention import attention, attention_backward


def stacked(W: Any) -> Any:
    """(n,E,H) -> (n E,H)."""
    return W.reshape(-1, W.shape[-1])


def side_by_side(W: Any) -> Any:
    """(n,H,E) -> (H,n E)."""
    return np.concatenate(list(W), axis=-1)


def _engine(v: dict[str, Any], case: Case) -> dict[str, Any]:
    n, E, H = v["W_q"].shape
    W_q, W_k, W_v = (stacked(v[name]) for name in ("W_q", "W_k", "W_v"))
    W_o = side_by_side(v["W_o"])
    _, cache = attention(v["x"][:, None], W_q, W_k, W_v, W_o, n)
    dx, grads = attention_backward(v["dy"][:, None], cache, W_q, W_k, W_v, W_o)
    by_head = {f"d{name}": grads[name].reshape(n, E, H) for name in ("W_q", "W_k", "W_v")}
    return {"dx": dx[:, 0], **by_head, "dW_o": grads["W_o"].reshape(-1, n, E).transpose(1, 0, 2)}


def past(T: int) -> tuple[tuple[int, ...], ...]:
    """1 where step j is not later than step t."""
    return tuple(tuple(int(j <= t) for j in range(T)) for t in range(T))


def sizes(T: int) -> dict[str, int]:
    """Of all letters that run over steps."""
    return {"t": T, "j": T, "i": T}


HALF = Half(
    page="transformer/attention",
    letter="Q",
    shapes={
        "x": "t H", "W_q": "n E H", "W_k": "n E H", "W_v": "n E H", "W_o": "n H E", "scale": "", "past": "t j",
        "q": "n t E", "k": "n t E", "v": "n t E", "a": "n t j", "w": "n t j", "s": "n t E", "y": "t H",
    },
    inputs=("x", "W_q", "W_k", "W_v", "W_o", "scale", "past"),
    outputs=("y",),
    sizes={"n": 2, "E": 1, "H": 1, **sizes(2)},
    cases=(Case("two steps", {"past": past(2)}, {"scale": "1"}),),
    engine=_engine,
    more_cases=(
        Case("three steps, four units a head", {"past": past(3)}, {"scale": "2"}, {"E": 4, "H": 2, **sizes(3)}),
    ),
)  # fmt: skip
