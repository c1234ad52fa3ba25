"""A fixed set of configurations that reaches every branch of the spec, with sizes that differ pairwise."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from sabcore import SABConfig

#: T, B, I, H, O, A all different, so that no two axes can be mistaken for each other.
SIZES: dict[str, Any] = {"input_size": 3, "hidden_size": 5, "output_size": 4, "attention_size": 6}
T, B = 11, 2


class Inputs(NamedTuple):
    """x (T,B,I), dy (T,B,O), h0 c0 (B,H)."""

    x: np.ndarray
    dy: np.ndarray
    h0: np.ndarray
    c0: np.ndarray


class Case(NamedTuple):
    """A preset with some fields changed."""

    preset: str
    fields: dict[str, Any]

    @property
    def config(self) -> SABConfig:
        sizes = SIZES if self.preset in ("self_attention", "lstm") else {**SIZES, "k_top": 3}
        return SABConfig.preset(self.preset, **{**sizes, **self.fields})

    def __str__(self) -> str:
        return ",".join([self.preset, *(f"{name}={value}" for name, value in self.fields.items())])


def random_inputs(config: SABConfig, seed: int, T: int = T, B: int = B, dtype: str = "float64") -> Inputs:
    """Standard normal inputs, cotangent and initial state."""
    rng = np.random.default_rng(seed)
    shapes = [(T, B, config.input_size), (T, B, config.output_size), (B, config.hidden_size), (B, config.hidden_size)]
    return Inputs(*(rng.standard_normal(shape).astype(dtype) for shape in shapes))


_SLIDING: list[dict[str, Any]] = [
    {"truncation": "sliding", "k_trunc": 3},
    {"truncation": "sliding", "k_trunc": 3, "k_remind": 1},
    {"truncation": "sliding", "k_trunc": 2, "k_remind": 4},
    {"truncation": "sliding", "k_trunc": None, "k_remind": 2},
    {"truncation": "sliding", "k_trunc": 1},
]
CASES = [
    *(Case(name, {}) for name in ("paper", "dev2018", "released", "self_attention", "lstm")),
    *(Case(name, {"k_trunc": 3}) for name in ("paper", "dev2018", "released", "self_attention", "lstm")),
    *(Case(name, fields) for name in ("paper", "dev2018", "released") for fields in _SLIDING),
    *(Case("lstm", fields) for fields in (_SLIDING[0], _SLIDING[3], {"k_trunc": 1})),
    Case("paper", {"k_trunc": 4, "segment_offset": 2}),
    Case("paper", {"k_att": 2, "k_trunc": 3}),
    Case("dev2018", {"k_att": 3, "k_trunc": 5}),
    Case("released", {"k_att": 2, "k_top": 1}),
    Case("paper", {"k_top": 1}),
    Case("paper", {"small_memory": "raw"}),
    Case("paper", {"small_memory": "softmax", "temperature": 2.0}),
    Case("paper", {"margin": 0.02}),
    Case("paper", {"margin": -0.05}),
    Case("paper", {"score_grad": False, "k_trunc": 3}),
    Case("released", {"score_grad": False}),
    Case("dev2018", {"score_grad": False, "truncation": "sliding", "k_trunc": 2}),
    Case("self_attention", {"k_top": 2, "temperature": 0.5}),
    Case("self_attention", {"temperature": 2.0, "memory_start": "zero_state", "k_att": 2}),
    Case("self_attention", {"score": "separable", "k_trunc": 3}),
    Case("paper", {"score": "separable", "k_top": 20, "small_memory": "raw"}),
    Case("self_attention", {"k_back": 2, "k_trunc": 3}),
    Case("self_attention", {"k_back": 1, "truncation": "sliding", "k_trunc": 2, "k_remind": 3, "temperature": 0.5}),
    Case("self_attention", {"k_back": 3, "score": "separable", "memory_start": "zero_state", "k_att": 2}),
    Case("self_attention", {"k_back": 2, "score_grad": False}),
    Case("self_attention", {"k_back": 2, "k_top": 4, "k_trunc": 3}),
    Case("paper", {"k_back": 2, "k_trunc": 3}),
    Case("paper", {"k_back": 2, "margin": -0.05}),
    Case("dev2018", {"k_back": 2, "k_att": 2}),
    Case("released", {"k_back": 1, "k_trunc": 3}),
    Case("paper", {"k_back": 1, "small_memory": "softmax"}),
]
