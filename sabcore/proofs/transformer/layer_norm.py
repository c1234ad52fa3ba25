"""Runs `layer_norm.md`: two vectors, of which the gain and the bias are the same."""

from __future__ import annotations

from typing import Any

from sabcore.proofs.half import Case, Half
from sabcore.transformer.layer_norm import layer_norm, layer_norm_backward


def _engine(v: dict[str, Any], case: Case) -> dict[str, Any]:
    _, cache = layer_norm(v["x"], v["gain"], v["bias"], float(v["eps"]))
    dx, dgain, dbias = layer_norm_backward(v["dy"], cache, v["gain"])
    return {"dx": dx, "dgain": dgain, "dbias": dbias}


_EPS = {"eps": "0.01"}

HALF = Half(
    page="transformer/layer_norm",
    letter="N",
    shapes={
        "x": "t j", "gain": "j", "bias": "j", "eps": "", "mu": "t", "c": "t j", "r": "t", "n": "t j", "y": "t j",
    },
    inputs=("x", "gain", "bias", "eps"),
    outputs=("y",),
    sizes={"t": 2, "j": 2, "i": 2},
    cases=(Case("two units", {"H": 2}, _EPS), Case("three units", {"H": 3}, _EPS, {"t": 1, "j": 3, "i": 3})),
    engine=_engine,
    more_cases=(Case("five units", {"H": 5}, {"eps": "0.00001"}, {"t": 3, "j": 5, "i": 5}),),
)  # fmt: skip
