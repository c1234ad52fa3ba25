"""Models for the oracles' tests: random, asymmetric, written down from the specification and nothing else."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

DEFAULTS: dict[str, Any] = {
    "input_size": 3,
    "hidden_size": 4,
    "output_size": 2,
    "attention_size": 5,
    "k_top": 2,
    "k_att": 1,
    "k_trunc": None,
    "k_remind": None,
    "k_back": None,
    "truncation": "segment",
    "segment_offset": 0,
    "score": "additive",
    "sparsifier": "threshold",
    "threshold_rank": "k_top+1",
    "margin": 0.0,
    "eps": 1e-7,
    "small_memory": "threshold",
    "temperature": 1.0,
    "memory_start": "empty",
    "score_grad": True,
}
_RELEASED = {"small_memory": "raw", "memory_start": "zero_state", "segment_offset": 1}
PRESETS: dict[str, dict[str, Any]] = {
    "paper": {},
    "dev2018": {**_RELEASED, "margin": -1e-7},
    "released": {**_RELEASED, "score": "separable", "threshold_rank": "k_top", "margin": 1e-7},
    "self_attention": {"sparsifier": "softmax", "k_top": None},
    "sab2017": {"sparsifier": "softmax", "k_top": None, "k_back": 2},
    "lstm": {"k_top": 0},
}
SLIDING = {"truncation": "sliding", "k_trunc": 3}
TRUNCATIONS: dict[str, dict[str, Any]] = {
    "full": {},
    "segment": {"k_trunc": 3},
    "sliding": SLIDING,
    "remind_less": {**SLIDING, "k_remind": 1},
    "remind_more": {**SLIDING, "k_trunc": 2, "k_remind": 4},
    "remind_only": {**SLIDING, "k_trunc": None, "k_remind": 2},
    "never_spent": {**SLIDING, "k_trunc": 99, "k_remind": 98},
}
T, B = 7, 6


class Case(NamedTuple):
    """The arguments of every oracle's `gradients`, in order."""

    config: dict[str, Any]
    params: dict[str, np.ndarray]
    x: np.ndarray
    dy: np.ndarray
    h0: np.ndarray
    c0: np.ndarray

    @property
    def inputs(self) -> tuple[Any, ...]:
        """All but the cotangent, for `record` and `conditioning`."""
        return self.config, self.params, self.x, self.h0, self.c0


def make_case(seed: int = 0, steps: int = T, rows: int = B, **fields: Any) -> Case:
    """A random model with T, B, I, H, A, O pairwise different, and a random input, cotangent and initial state."""
    config = {**DEFAULTS, **fields}
    I, H, A, O = (config[f"{name}_size"] for name in ("input", "hidden", "attention", "output"))  # noqa: E741
    shapes: dict[str, tuple[int, ...]] = {"W_ih": (4 * H, I), "W_hh": (4 * H, H), "b": (4 * H,)}
    if config["k_top"] != 0:
        score = {"additive": {"W_m": (A, H), "W_q": (A, H), "w_a": (A,)}, "separable": {"u_q": (H,), "u_m": (H,)}}
        shapes |= {**score[config["score"]], "V_s": (O, H)}
    shapes |= {"V_h": (O, H), "d": (O,)}
    rng = np.random.default_rng(seed)
    params = {name: rng.normal(size=shape) * 0.7 for name, shape in shapes.items()}
    x, dy = rng.normal(size=(steps, rows, I)), rng.normal(size=(steps, rows, O))
    return Case(config, params, x, dy, *(rng.normal(size=(rows, H)) * 0.5 for _ in "hc"))
