"""Gradients of another loss: all of them times a constant, or zero."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sabcore.validate.mistakes.record import Mistake, Tensors


def _scaled(by: Callable[[int, int], float]) -> Callable[[Tensors], Tensors]:
    """All gradients times by(T, B), which the gradient of x (T,B,I) tells."""

    def scaled(grads: Tensors) -> Tensors:
        T, B = grads["x"].shape[:2]
        return {name: by(T, B) * value for name, value in grads.items()}

    return scaled


def _mistake(name: str, why: str, by: Callable[[int, int], float]) -> Mistake:
    return Mistake(name, why, "backward", gives=_scaled(by))


SCALE = [
    _mistake(
        "loss averaged over the batch",
        "All gradients are divided by B; dy is to be taken as it is.",
        lambda T, B: 1 / B,
    ),
    _mistake(
        "loss averaged over the steps",
        "All gradients are divided by T; dy is to be taken as it is.",
        lambda T, B: 1 / T,
    ),
    _mistake(
        "loss averaged over steps and batch",
        "All gradients are divided by T B; dy is to be taken as it is.",
        lambda T, B: 1 / (T * B),
    ),
    _mistake("gradients of the wrong sign", "All gradients are minus what they should be.", lambda T, B: -1.0),
    Mistake(
        "gradients all zero",
        "Every gradient is zero, as when nothing was sent back.",
        "backward",
        gives=lambda grads: {name: np.zeros_like(value) for name, value in grads.items()},
    ),
]
