"""Runs `sparsify.md`: the threshold in every region of four scores, the softmax, and raw weights.

A region is an order of the scores and which of them are active. All orders are tried with three scores; with four, the
number of active ones is varied at every rank and for every sign of the margin.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from typing import Any

import numpy as np

from sabcore.proofs.half import Case, Half
from sabcore.step.sparsify import Raw, Softmax, Sparsifier, Threshold

_SCORES = ("0.9", "0.5", "0.2", "-0.4")


def _engine(sparsifier: Sparsifier, v: dict[str, Any]) -> dict[str, Any]:
    """The engine works on ranked, selected slots; put its gradients back where they belong."""
    a, dw = v["a"][:, None], v["dw"][:, :, None]
    slots = sparsifier.select(a)
    chosen = np.arange(len(a)) if slots is None else slots[:, 0]
    da = np.zeros_like(v["dw"])
    da[:, chosen] = sparsifier.backward(dw[:, chosen], a[chosen], sparsifier.weights(a[chosen]))[..., 0]
    return {"da": da}


def _threshold(v: dict[str, Any], case: Case) -> dict[str, Any]:
    return _engine(Threshold(case.constants["r"], float(v["margin"]), float(v["eps"])), v)


def _regions() -> Iterator[Case]:
    """Every order of three scores at every rank and sign of the margin; and of four, every number of active ones."""
    for order in permutations(_SCORES[:3]):
        for r in (1, 2, 3):
            for margin in ("0", "0.1", "-0.1"):
                yield _case(order, r, margin)
    for r in (1, 2, 3, 4):
        for margin in ("0.35", "0.65", "-0.35", "-0.65", "-2"):
            yield _case(_SCORES, r, margin)


def _case(scores: tuple[str, ...], r: int, margin: str) -> Case:
    name = f"scores {', '.join(scores)}, rank {r}, margin {margin}"
    return Case(name, {"r": r}, {"a": scores, "margin": margin, "eps": "0.01"}, {"j": len(scores), "i": len(scores)})


THRESHOLD = Half(
    page="step/sparsify",
    letter="S",
    shapes={
        "a": "j", "margin": "", "eps": "", "theta": "", "v": "j", "S": "", "w": "j",
        "dw": "l j", "above": "l j", "dv": "l j", "da": "l j",
    },
    inputs=("a", "margin", "eps"),
    outputs=("w",),
    sizes={"l": 2},
    engine=_threshold,
    cases=tuple(_regions()),
)  # fmt: skip

SOFTMAX = Half(
    page="step/sparsify",
    letter="F",
    shapes={"a": "j", "temperature": "", "z": "j", "w": "j", "dw": "l j", "dz": "l j", "da": "l j"},
    inputs=("a", "temperature"),
    outputs=("w",),
    sizes={"j": 3, "i": 3, "l": 2},
    engine=lambda v, case: _engine(Softmax(float(v["temperature"]), None), v),
    cases=(Case("general", point={"temperature": "0.7"}),),
)

RAW = Half(
    page="step/sparsify",
    letter="R",
    shapes={"a": "j", "w": "j", "dw": "l j", "da": "l j"},
    inputs=("a",),
    outputs=("w",),
    sizes={"j": 3, "l": 2},
    engine=lambda v, case: _engine(Raw(), v),
)

HALVES = (THRESHOLD, SOFTMAX, RAW)
