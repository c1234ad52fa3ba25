"""The models that can be trained. `MODELS` names them; `model_from_dict` restores one from a checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sabcore.errors import ConfigError
from sabcore.train.model.base import Model
from sabcore.train.model.recurrent import Recurrent
from sabcore.train.model.released_torch_0_1_12 import ReleasedTorch0112
from sabcore.train.model.transformer import Transformer

__all__ = ["MODELS", "Model", "Recurrent", "ReleasedTorch0112", "Transformer", "model_from_dict", "model_to_dict"]

MODELS: dict[str, type[Any]] = {model.kind: model for model in (Recurrent, ReleasedTorch0112, Transformer)}


def model_to_dict(model: Model) -> dict[str, Any]:
    """The model's kind and fields, JSON-ready."""
    return {"kind": model.kind, **model.to_dict()}


def model_from_dict(fields: Mapping[str, Any]) -> Model:
    """The model that `model_to_dict` described.

    Raises:
        ConfigError: an unknown kind, or fields that are not its own.
    """
    kind = fields.get("kind")
    if not isinstance(kind, str) or kind not in MODELS:
        raise ConfigError(f"model kind is {kind!r}, but should be one of {', '.join(map(repr, MODELS))}")
    return MODELS[kind].from_dict({key: value for key, value in fields.items() if key != "kind"})
