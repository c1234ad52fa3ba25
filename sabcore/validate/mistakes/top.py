"""What ports make of "the k largest": softmax before the choice, the scores themselves, or the batch's axis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from sabcore.array.library import Array
from sabcore.step.sparsify import Softmax, ranking
from sabcore.validate.mistakes.record import Mistake


class SoftmaxThenTop(NamedTuple):
    """w_j = softmax(a / temperature)_j over all slots, and zero below the k_top largest."""

    temperature: float
    k_top: int

    def select(self, a: Array) -> None:
        return None

    def weights(self, a: Array) -> Array:
        return self._kept(a) * Softmax(self.temperature, None).weights(a)

    def backward(self, dw: Array, a: Array, w: Array) -> Array:
        softmax = Softmax(self.temperature, None)
        return softmax.backward(dw * self._kept(a), a, softmax.weights(a))

    def _kept(self, a: Array) -> Array:
        kept = np.zeros(a.shape)
        np.put_along_axis(kept, ranking(a)[: self.k_top], 1, axis=0)
        return kept


class BestScores(NamedTuple):
    """w_j = a_j / (sum_i a_i + eps), over the k_top largest."""

    k_top: int
    eps: float

    def select(self, a: Array) -> Array:
        return ranking(a)[: self.k_top].copy()

    def weights(self, a: Array) -> Array:
        return a / (a.sum(axis=0) + self.eps)

    def backward(self, dw: Array, a: Array, w: Array) -> Array:
        return (dw - (dw * w).sum(axis=-2, keepdims=True)) / (a.sum(axis=0) + self.eps)


class AcrossSequences(NamedTuple):
    """w_jb = softmax over b of a_jb / temperature, for every slot j."""

    temperature: float

    def select(self, a: Array) -> None:
        return None

    def weights(self, a: Array) -> Array:
        return Softmax(self.temperature, None).weights(a.T).T

    def backward(self, dw: Array, a: Array, w: Array) -> Array:
        return w * (dw - (dw * w).sum(axis=-1, keepdims=True)) / self.temperature


def _instead(of_config: Callable[[Any], Any]) -> Callable[[Any], None]:
    """Another sparsifier; where there is no k_top, `of_config` may say None: as it was."""

    def replace(parts: Any) -> None:
        make = parts.plain.make_sparsifier
        parts.plain.make_sparsifier = lambda config, N: of_config(config) or make(config, N)

    return replace


TOP = [
    Mistake(
        "softmax before the choice",
        "w = softmax over all slots, with zeros below the k_top largest: what is left does not add up to one.",
        "forward",
        replace=_instead(lambda config: SoftmaxThenTop(config.temperature, config.k_top) if config.k_top else None),
    ),
    Mistake(
        "best scores as weights",
        "w = a / (sum of a + eps) over the k_top largest: no threshold is subtracted, signs are kept.",
        "forward",
        replace=_instead(lambda config: BestScores(config.k_top, config.eps) if config.k_top else None),
    ),
    Mistake(
        "softmax over the batch",
        "The softmax runs along the batch: a slot's weights of all sequences add up to one.",
        "forward",
        replace=_instead(lambda config: AcrossSequences(config.temperature)),
    ),
]
