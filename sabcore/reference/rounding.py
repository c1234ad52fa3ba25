"""What rounding does to a result, measured: its spread when every input moves by one unit in the last place.

Rounding inside a program acts like changes of its inputs by an ulp or so. Moving them says how far a nearly tied
threshold, a sum that cancels, or a long product amplifies that, without a formula for each of these.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .compare import TINY, scaled_error
from .replay import base_tensors

EPS = float(np.finfo(np.float64).eps)


def ulp_moves(tensors: Mapping[str, np.ndarray], draws: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Each tensor, `draws` times along a new leading axis, every element moved up or down by eps times itself."""
    rng = np.random.default_rng(seed)
    return {name: value * (1 + EPS * rng.choice((-1.0, 1.0), (draws, *value.shape))) for name, value in tensors.items()}


def spread(
    gradients: Callable[..., Mapping[str, np.ndarray]],
    config: Mapping[str, Any],
    params: Mapping[str, Any],
    x: Any,
    dy: Any,
    h0: Any = None,
    c0: Any = None,
    draws: int = 4,
) -> dict[str, float]:
    """How far float64 rounding moves each result of an oracle: the largest scaled error over `draws`, at least a floor.

    The floor is eps times the largest value among the gradients, or among the states and outputs: one rounding of the
    largest number that may have cancelled on the way to this tensor.

    `gradients` is `autograd.gradients` or `complex_step.gradients`, or anything called like them. Two right programs
    in float64 should agree to a small multiple of this; over thousands of random models, complex step and autograd
    stay within 13 of it. A tensor that only rounding keeps from zero (the query weights of a separable score, which
    a threshold or softmax cancels) has a spread near 1; a run that a near tie makes ambiguous has a large one.
    """
    base = gradients(config, params, x, dy, h0, c0)
    tensors = base_tensors(config, params, x, h0, c0) | {"dy": np.asarray(dy, dtype=np.float64)}
    found = {name: EPS * _largest(base, like=name) / max(_size(value), TINY) for name, value in base.items()}
    moves = ulp_moves(tensors, draws)
    for draw in range(draws):
        moved = {name: value[draw] for name, value in moves.items()}
        x, dy, h0, c0 = (moved.pop(name) for name in ("x", "dy", "h0", "c0"))
        again = gradients(config, moved, x, dy, h0, c0)
        found = {name: max(worst, scaled_error(again[name], base[name])) for name, worst in found.items()}
    return found


def _size(value: np.ndarray) -> float:
    return float(np.abs(value).max(initial=0.0))


def _largest(results: Mapping[str, np.ndarray], like: str) -> float:
    """The largest value among the gradients, if `like` names one, or among the other results."""
    kind = like.startswith("grad.")
    return max(_size(value) for name, value in results.items() if name.startswith("grad.") == kind)
