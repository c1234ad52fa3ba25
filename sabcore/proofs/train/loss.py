"""Runs `loss.md`: both losses over two steps and two rows, one of them without weight."""

from __future__ import annotations

from typing import Any

import numpy as np

from sabcore.proofs.half import Case, Half
from sabcore.train.loss import (
    mean_squared_error,
    mean_squared_error_backward,
    softmax_cross_entropy,
    softmax_cross_entropy_backward,
)

_HOT = (((1, 0, 0), (0, 0, 1)), ((0, 1, 0), (0, 0, 1)))


def _cross_entropy(v: dict[str, Any], case: Case) -> dict[str, Any]:
    target = np.array(case.constants["hot"]).argmax(axis=-1)
    _, cache = softmax_cross_entropy(v["y"], target, v["w"])
    return {"dy": softmax_cross_entropy_backward(v["dloss"], cache)}


def _squared_error(v: dict[str, Any], case: Case) -> dict[str, Any]:
    _, cache = mean_squared_error(v["y"], v["target"], v["w"])
    return {"dy": mean_squared_error_backward(v["dloss"], cache)}


_POINT = {"w": (("1", "0.5"), ("2", "0"))}

CROSS_ENTROPY = Half(
    page="train/loss",
    letter="C",
    shapes={
        "y": "t b o", "hot": "t b o", "w": "t b", "z": "t b o", "L": "t b", "l": "t b", "W": "", "loss": "",
    },
    inputs=("y", "w", "hot"),
    outputs=("loss",),
    sizes={"t": 2, "b": 2, "o": 3},
    cases=(Case("general", {"hot": _HOT}, _POINT),),
    engine=_cross_entropy,
)  # fmt: skip

SQUARED_ERROR = Half(
    page="train/loss",
    letter="E",
    shapes={"y": "t b o", "target": "t b o", "w": "t b", "r": "t b o", "W": "", "loss": ""},
    inputs=("y", "target", "w"),
    outputs=("loss",),
    sizes={"t": 2, "b": 2, "o": 3},
    cases=(Case("general", {"O": 3}, _POINT),),
    engine=_squared_error,
)

HALVES = (CROSS_ENTROPY, SQUARED_ERROR)
