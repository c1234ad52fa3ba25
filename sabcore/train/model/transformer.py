"""A Transformer as a model to train."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sabcore import transformer
from sabcore.array.library import Array
from sabcore.errors import ConfigError
from sabcore.model.params import Params
from sabcore.train.model.base import Report
from sabcore.transformer.config import TransformerConfig
from sabcore.transformer.network import Tape


@dataclass(frozen=True)
class Transformer:
    """The Transformer that `config` describes."""

    config: TransformerConfig

    kind = "transformer"

    @property
    def input_size(self) -> int:
        """I."""
        return self.config.input_size

    @property
    def output_size(self) -> int:
        """O."""
        return self.config.output_size

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """See `sabcore.transformer.param_shapes`."""
        return transformer.param_shapes(self.config)

    def init(self, seed: int, dtype: str) -> Params:
        """See `sabcore.transformer.init_params`."""
        return transformer.init_params(self.config, seed, dtype)

    def forward(self, params: Mapping[str, Array], x: Array) -> tuple[Array, Tape]:
        """x (T,B,I) -> y (T,B,O), tape."""
        return transformer.forward(self.config, params, x)

    def backward(self, params: Mapping[str, Array], tape: Tape, dy: Array) -> tuple[dict[str, Array], Report]:
        """dy (T,B,O) -> the gradient of each parameter; nothing to report."""
        grads = transformer.backward(self.config, params, tape, dy)
        return {name: grads[name] for name in params}, {}

    def to_dict(self) -> dict[str, Any]:
        """The config's fields."""
        return {"config": self.config.to_dict()}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Transformer:
        """What `to_dict` described.

        Raises:
            ConfigError: other fields, or bad ones.
        """
        if set(fields) != {"config"} or not isinstance(fields["config"], Mapping):
            raise ConfigError(f"a transformer has {', '.join(map(str, fields))}, but should have config, a record")
        return cls(TransformerConfig.from_dict(fields["config"]))
