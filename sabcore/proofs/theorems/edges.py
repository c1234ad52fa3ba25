"""Section 5: how many recurrent edges a reminded gradient crosses."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np

from sabcore.engine import plain
from sabcore.model.config import SABConfig
from sabcore.model.params import init_params
from sabcore.proofs.theorems.claim import Claim


def check() -> list[Claim]:
    segment = {(k_att, k_trunc, offset): (_crossed(k_att, truncation="segment", k_trunc=k_trunc, segment_offset=offset),
               min((k_att - 1 + offset) % k_trunc, k_att - 1))
               for k_att, k_trunc, offset in product((12, 15, 16), (3, 4, 5, 12), (0, 1, 2))}  # fmt: skip
    sliding = {(k_att, k_remind): (_crossed(k_att, truncation="sliding", k_trunc=2, k_remind=k_remind),
               min(k_remind - 1, k_att - 1))
               for k_att, k_remind in product((12, 15), (1, 2, 5, 20))}  # fmt: skip
    aligned = {offset: _crossed(15, truncation="segment", k_trunc=5, segment_offset=offset) for offset in (0, 1)}
    told = f"k_att 15, k_trunc 5: {aligned[0]} edges with offset 0, {aligned[1]} with offset 1"
    one = "segments: (t - 1 + segment_offset) mod k_trunc edges, for a slot written at t"
    three = "if k_trunc divides k_att: all of a segment with offset 0, nothing with the released code's 1"
    return [
        Claim("5.1", one, _told(segment), _agree(segment)),
        Claim("5.2", "sliding: min(k_remind, t) - 1 edges", _told(sliding), _agree(sliding)),
        Claim("5.3", three, told, aligned == {0: 4, 1: 0}),
    ]


def _told(found: Mapping[Any, tuple[int, int]]) -> str:
    wrong = [f"{setting}: {got}, not {want}" for setting, (got, want) in found.items() if got != want]
    return "; ".join(wrong) or f"{len(found)} settings, measured by which inputs get a gradient, all as said"


def _agree(found: Mapping[Any, tuple[int, int]]) -> bool:
    return all(got == want for got, want in found.values())


def _crossed(k_att: int, **truncation: object) -> int:
    """How many steps before the slot's own still get a gradient by the read: that of the last step, the only loss."""
    T = 2 * k_att - 1  # one slot, no second one
    sizes = {
        "input_size": 1,
        "hidden_size": 3,
        "output_size": 1,
        "k_att": k_att,
        "k_top": None,
        "sparsifier": "softmax",
    }
    config = SABConfig(**sizes, **truncation)  # type: ignore[arg-type]
    params = init_params(config, 0, "float64")
    params["V_s"], params["V_h"] = np.ones_like(params["V_s"]), np.zeros_like(params["V_h"])  # the loss sees s alone
    rng, zero = np.random.default_rng(1), np.zeros((1, 3))
    _, tape = plain.forward(config, params, rng.standard_normal((T, 1, 1)), zero, zero)
    dy = np.zeros((T, 1, 1))
    dy[-1] = 1
    credited = plain.backward(config, params, tape, dy)["x"][:k_att, 0, 0] != 0
    return int(credited.sum()) - 1
