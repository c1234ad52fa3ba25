"""What ports do instead of sparsifying: thresholds and sums of other sequences, sigmoid or raw weights, no eps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from sabcore.array.library import Array
from sabcore.step.lstm import sigmoid
from sabcore.train.model.mixed import MixedThreshold
from sabcore.validate.mistakes.record import Mistake


class SigmoidWeights(NamedTuple):
    """w_j = sigmoid(a_j), for every slot."""

    def select(self, a: Array) -> None:
        return None

    def weights(self, a: Array) -> Array:
        return sigmoid(a)

    def backward(self, dw: Array, a: Array, w: Array) -> Array:
        return dw * w * (1 - w)


class DividedByK(NamedTuple):
    """w_j = v_j / k_top, with the v_j of `rule`."""

    rule: Any
    k_top: int

    def select(self, a: Array) -> Array:
        return self.rule.select(a)

    def weights(self, a: Array) -> Array:
        return np.maximum(0, a - a[self.rule.rank - 1] - self.rule.margin) / self.k_top

    def backward(self, dw: Array, a: Array, w: Array) -> Array:
        da = np.where(w > 0, dw / self.k_top, 0)
        da[..., self.rule.rank - 1, :] -= da.sum(axis=-2)
        return da


def _divided_by_k(parts: Any) -> None:
    make = parts.plain.make_sparsifier

    def make_divided(config: Any, N: int) -> Any:
        rule = make(config, N)
        return DividedByK(rule, config.k_top) if hasattr(rule, "rank") else rule

    parts.plain.make_sparsifier = make_divided


def _mixed(theta: bool, total: bool) -> Callable[[Any], None]:
    def replace(parts: Any) -> None:
        make = parts.plain.make_sparsifier

        def make_mixed(config: Any, N: int) -> Any:
            rule = make(config, N)
            return MixedThreshold(rule.rank, rule.margin, rule.eps, theta, total) if hasattr(rule, "rank") else rule

        parts.plain.make_sparsifier = make_mixed

    return replace


def _everywhere(make: Callable[[Any], Any]) -> Callable[[Any], None]:
    def replace(parts: Any) -> None:
        parts.plain.make_sparsifier = lambda config, N: make(parts)

    return replace


def _without_eps(parts: Any) -> None:
    make = parts.plain.make_sparsifier

    def make_without(config: Any, N: int) -> Any:
        rule = make(config, N)
        return rule._replace(eps=0.0) if hasattr(rule, "eps") else rule

    parts.plain.make_sparsifier = make_without


_PAIRING = "element (b, n) of the scores meets the {} of sequence (b N + n) mod B"

WEIGHTS = [
    Mistake(
        "row-mixed thresholds",
        f"Sequences share thresholds: {_PAIRING.format('threshold')}, as PyTorch 0.1.12 and"
        " repeat(1, N).view(B, N) pair them.",
        "forward",
        replace=_mixed(theta=True, total=False),
    ),
    Mistake(
        "row-mixed sums",
        f"Sequences share sums: {_PAIRING.format('sum S')}.",
        "forward",
        replace=_mixed(theta=False, total=True),
    ),
    Mistake(
        "row-mixed thresholds and sums",
        f"Sequences share both: {_PAIRING.format('threshold and the sum S')}, as PyTorch 0.2 to 0.4 pair them.",
        "forward",
        replace=_mixed(theta=True, total=True),
    ),
    Mistake(
        "sigmoid weights",
        "w = sigmoid(a) for every slot: nothing is sparse.",
        "forward",
        replace=_everywhere(lambda parts: SigmoidWeights()),
    ),
    Mistake(
        "raw weights over every slot",
        "w = a for every slot: nothing is sparse or normalised.",
        "forward",
        replace=_everywhere(lambda parts: parts.sparsify.Raw()),
    ),
    Mistake(
        "divided by k_top",
        "w = v / k_top, whatever the sum of v; the weights should add up to one.",
        "forward",
        replace=_divided_by_k,
    ),
    Mistake("no eps", "S has no eps: where nothing exceeds the threshold, 0 / 0.", "forward", replace=_without_eps),
]
