"""Questions that tell programs apart: parameters large enough to bend every curve, and several sequences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sabcore.model.config import SABConfig
from sabcore.model.params import param_shapes
from sabcore.validate.question import Question

#: Sizes and batch tried in this order, until the program takes one: all different, then what many programs insist on.
SIZES: list[dict[str, Any]] = [
    {"input_size": 3, "hidden_size": 4, "output_size": 5, "attention_size": None, "B": 3},
    {"input_size": 1, "hidden_size": 4, "output_size": 5, "attention_size": None, "B": 3},
    {"input_size": 3, "hidden_size": 4, "output_size": 1, "attention_size": None, "B": 3},
    {"input_size": 1, "hidden_size": 4, "output_size": 1, "attention_size": None, "B": 3},
    {"input_size": 4, "hidden_size": 4, "output_size": 4, "attention_size": None, "B": 3},
    {"input_size": 3, "hidden_size": 8, "output_size": 5, "attention_size": None, "B": 8},
    {"input_size": 3, "hidden_size": 4, "output_size": 5, "attention_size": None, "B": 1},
    {"input_size": 1, "hidden_size": 4, "output_size": 1, "attention_size": None, "B": 1},
]
#: How large parameters are, as a standard deviation; larger where a nonlinearity is to show.
_SCALE = {"w_a": 1.5, "u_m": 1.5, "u_q": 1.5}
#: The parameters that scores are proportional to.
_OF_SCORES = ("w_a", "u_m", "u_q")


def steps(config: SABConfig) -> int:
    """Steps enough for the memory to fill and for several cuts, if 40 are."""
    slots = (config.k_top or 3) + 4
    return int(np.clip(max(config.k_att * slots + 3, 2 * (config.k_trunc or 1) + 3), 10, 40))


def small_scores(config: SABConfig) -> float:
    """What scores are to be multiplied by for margin and eps to weigh as much as they do; 1 where they always do."""
    if not config.has_memory or config.sparsifier != "threshold":
        return 1.0
    return min(1.0, 10 * max(config.eps, abs(config.margin)))


def ask(
    config: SABConfig, seed: int, T: int, B: int, states: bool = False, scale: float = 1.0, scores: float = 1.0
) -> Question:
    """A random question of T steps and B sequences, with initial `states` or without.

    `scale` shrinks all parameters, `scores` those that scores are proportional to.
    """
    rng = np.random.default_rng([seed, T, B])
    params = {
        name: scale * _SCALE.get(name, 0.7) * rng.standard_normal(shape) for name, shape in param_shapes(config).items()
    }
    params |= {name: scores * params[name] for name in _OF_SCORES if name in params}
    x, dy = rng.standard_normal((T, B, config.input_size)), rng.standard_normal((T, B, config.output_size))
    initial = rng.standard_normal((2, B, config.hidden_size)) if states else (None, None)
    return Question(config, params, x, dy, *initial)


def with_ties(config: SABConfig, T: int, B: int) -> Question:
    """A question in which scores are exactly equal: additive ones take few values, separable ones a single one."""
    question = ask(config, 7, T, B)
    ties: Mapping[str, Any] = {
        "W_m": lambda value: 1e9 * value,
        "W_q": np.zeros_like,
        "w_a": np.ones_like,
        "u_m": np.zeros_like,
    }
    params = {name: ties[name](value) if name in ties else value for name, value in question.params.items()}
    return question._replace(params=params)
