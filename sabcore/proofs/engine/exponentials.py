"""Runs `exponentials.md`: one unit; on the CPU near and far, a key of either sign; and on a GPU."""

from __future__ import annotations

from typing import Any

import numpy as np

from sabcore.proofs.half import Case, Half
from sabcore.step.score import AdditiveScore


def _engine(v: dict[str, Any], case: Case) -> dict[str, Any]:
    """The plain engine's score of this one unit, whose weight is 1."""
    nothing = np.zeros((1, 1))
    k, q, de = (np.reshape(v[name], shape) for name, shape in (("k", (1, 1, 1)), ("q", (1, 1)), ("de", (1, 1, 1))))
    dk, dq, _ = AdditiveScore(nothing, nothing, np.ones(1)).score_backward(de, k, q)
    return {"dk": dk[0, 0, 0], "dq": dq[0, 0, 0]}


NEAR = Half(
    page="engine/exponentials",
    letter="X",
    shapes=dict.fromkeys(("k", "q", "tq", "sq", "tk", "x", "e"), ""),
    inputs=("k", "q"),
    outputs=("e",),
    sizes={},
    engine=_engine,
)

FAR = Half(
    page="engine/exponentials",
    letter="Z",
    shapes=dict.fromkeys(("k", "q", "tq", "sq", "rise", "fall", "gk", "x", "e"), ""),
    inputs=("k", "q"),
    outputs=("e",),
    sizes={},
    engine=_engine,
    cases=(Case("k > 0", point={"k": "0.7"}), Case("k < 0", point={"k": "-0.7"})),
)

GPU = Half(
    page="engine/exponentials",
    letter="U",
    shapes=dict.fromkeys(("k", "q", "ek", "eq", "nq", "ekq", "e"), ""),
    inputs=("k", "q"),
    outputs=("e",),
    sizes={},
    engine=_engine,
)

HALVES = (NEAR, FAR, GPU)
