"""The released code as the PyTorch of its time ran it: a model whose sequences take each other's thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sabcore.array.checks import check_array, check_params
from sabcore.array.library import Array, array_module
from sabcore.engine import plain
from sabcore.errors import ConfigError, DTypeError
from sabcore.model.config import SABConfig
from sabcore.model.params import Params, init_params, param_shapes
from sabcore.step.sparsify import Sparsifier, Threshold, make_sparsifier
from sabcore.train.model.base import Report
from sabcore.train.model.mixed import MixedThreshold


@dataclass(frozen=True)
class ReleasedTorch0112:
    """The model of `config`, with thresholds paired as PyTorch 0.1.12 did (see `MixedThreshold`), on the plain engine.

    What a sequence computes depends on the batch around it: this is for comparing how it learns, and nothing else. A
    batch of one is the model of `config` itself.

    Raises:
        ConfigError: a config without a threshold, or with k_back.
    """

    config: SABConfig

    kind = "released_torch_0_1_12"

    def __post_init__(self) -> None:
        if self.config.sparsifier != "threshold" or not self.config.has_memory:
            raise ConfigError(f"{self.kind} mixes the thresholds of a batch, but the config has none")
        if self.config.k_back is not None:
            raise ConfigError(f"k_back is {self.config.k_back}, but {self.kind} sends gradient to every slot: null")

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

    def forward(self, params: Mapping[str, Array], x: Array) -> tuple[Array, plain.PlainTape]:
        """x (T,B,I) -> y (T,B,O), tape.

        Raises:
            ShapeError, NonFiniteError: arrays that do not fit.
            DTypeError: the same, or arrays that are not NumPy's.
        """
        if array_module(x, "x") is not np:
            raise DTypeError(f"x is on a device, but {self.kind} computes on NumPy arrays alone")
        check_array("x", x, ("T", "B", self.input_size))
        check_params(params, self.shapes(), like=x)
        zeros = np.zeros((x.shape[1], self.config.hidden_size), x.dtype)
        return plain.forward(self.config, params, x, zeros, zeros, mixed_sparsifier)

    def backward(
        self, params: Mapping[str, Array], tape: plain.PlainTape, dy: Array
    ) -> tuple[dict[str, Array], Report]:
        """dy (T,B,O) -> the gradient of each parameter; the report has `h`, the largest hidden value."""
        grads = plain.backward(self.config, params, tape, dy)
        return {name: grads[name] for name in params}, {"h": abs(tape.h).max().item()}

    def to_dict(self) -> dict[str, Any]:
        """The config's fields."""
        return {"config": self.config.to_dict()}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> ReleasedTorch0112:
        """What `to_dict` described.

        Raises:
            ConfigError: other fields, or bad ones.
        """
        if set(fields) != {"config"} or not isinstance(fields["config"], Mapping):
            raise ConfigError(f"{cls.kind} has {', '.join(map(str, fields))}, but should have config, a record")
        return cls(SABConfig.from_dict(fields["config"]))


def mixed_sparsifier(config: SABConfig, N: int) -> Sparsifier:
    """As `make_sparsifier`, but for the pairing."""
    rule = make_sparsifier(config, N)
    if not isinstance(rule, Threshold):
        return rule
    return MixedThreshold(rule.rank, rule.margin, rule.eps, theta_mixed=True, sum_mixed=False)
