"""SAB and the plain LSTM as models to train, with a bound on what SAB's gradient may owe to its scores."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sabcore.array.checks import first_non_finite
from sabcore.array.library import Array
from sabcore.engine import Tape, backward, forward
from sabcore.errors import ConfigError
from sabcore.model.config import SABConfig
from sabcore.model.params import Params, init_params, param_shapes
from sabcore.train.model.base import Report
from sabcore.train.model.normaliser import largest_inverse
from sabcore.train.optim import clip_by_global_norm, global_norm


@dataclass(frozen=True)
class Recurrent:
    """The model that `config` describes.

    `score_bound`: the most that the gradient through the scores may be, as a multiple of the rest (None: no bound).
    Chains of reads, each through the score of the next, multiply, and a clipped step then points along the scores
    alone; see `docs/reproduce.md`.

    Raises:
        ConfigError: a bound that is not positive.
    """

    config: SABConfig
    score_bound: float | None = None

    kind = "recurrent"

    def __post_init__(self) -> None:
        bound = self.score_bound
        if bound is not None and (
            isinstance(bound, bool) or not isinstance(bound, int | float) or not 0 < bound < math.inf
        ):
            raise ConfigError(f"score_bound is {bound!r}, but should be null or a finite number greater than 0")

    @property
    def input_size(self) -> int:
        """I."""
        return self.config.input_size

    @property
    def output_size(self) -> int:
        """O."""
        return self.config.output_size

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """See `param_shapes`."""
        return param_shapes(self.config)

    def init(self, seed: int, dtype: str) -> Params:
        """See `init_params`."""
        return init_params(self.config, seed, dtype)

    def forward(self, params: Mapping[str, Array], x: Array) -> tuple[Array, Tape]:
        """x (T,B,I) -> y (T,B,O), tape, by the fastest engine."""
        return forward(self.config, params, x)

    def backward(self, params: Mapping[str, Array], tape: Tape, dy: Array) -> tuple[dict[str, Array], Report]:
        """The engine's gradient of each parameter, with the scores' share bounded.

        The report: `h`, the largest hidden value; `inverse_S`, the largest 1/S, see `largest_inverse`; with a bound,
        the norms of the gradient by path: `local`, without the scores' path, and `score`, that path alone, before the
        bound.
        """
        report = {"h": abs(tape.h).max().item(), "inverse_S": largest_inverse(tape)}
        full = _of_params(params, backward(self.config, params, tape, dy))
        if self.score_bound is None or not self.config.has_memory:
            return full, report
        cut = _of_params(params, backward(self.config, params, tape, dy, score_grad=False))
        bounded, local, score = bound_score_path(full, cut, self.score_bound)
        return bounded, {**report, "local": local, "score": score}

    def to_dict(self) -> dict[str, Any]:
        """The config's fields and the bound."""
        return {"config": self.config.to_dict(), "score_bound": self.score_bound}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Recurrent:
        """What `to_dict` described.

        Raises:
            ConfigError: other fields, or bad ones.
        """
        known = {field.name for field in dataclasses.fields(cls)}
        if set(fields) != known or not isinstance(fields["config"], Mapping):
            raise ConfigError(
                f"a recurrent model has {', '.join(fields)}, but should have config, a record, and score_bound"
            )
        return cls(SABConfig.from_dict(fields["config"]), fields["score_bound"])


def bound_score_path(
    full: Mapping[str, Array], cut: Mapping[str, Array], bound: float
) -> tuple[dict[str, Array], float, float]:
    """`g = g_cut + d min(1, bound |g_cut| / |d|)`, `d = g_full - g_cut`, over all tensors together.

    Args:
        full, cut: the gradients with and without the scores' path (`backward(..., score_grad=False)`).

    Returns:
        g by name, |g_cut| and |d|.
    """
    d = {name: full[name] - cut[name] for name in full}
    local = global_norm(cut)
    if first_non_finite(d) is not None:
        return dict(full), local, math.nan  # for the training loop to see
    most = bound * local
    if most == 0:
        return dict(cut), local, global_norm(d)
    if most == math.inf:  # in float64 a norm may be infinite where no gradient is
        return dict(full), local, global_norm(d)
    bounded, score = clip_by_global_norm(d, most)
    return {name: cut[name] + bounded[name] for name in full}, local, score


def _of_params(params: Mapping[str, Array], grads: Mapping[str, Array]) -> dict[str, Array]:
    return {name: grads[name] for name in params}
