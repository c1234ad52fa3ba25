"""The model that a vector file describes: its config, and the tensors that belong to it."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from sabcore.errors import ConfigError, FormatError
from sabcore.model.config import SABConfig
from sabcore.model.params import param_shapes
from sabcore.vectors.container import strict_json

#: No honest config is longer: its keys and values fill some 500 bytes.
MAX_CONFIG = 1 << 16
MEMORY_FIELDS = {
    *("attention_size", "k_att", "k_remind", "k_back", "score", "sparsifier", "threshold_rank"),
    *("margin", "eps", "small_memory", "temperature", "memory_start", "score_grad"),
}
THRESHOLD_FIELDS = {"threshold_rank", "margin", "eps", "small_memory"}
_FIELDS = {field.name: field for field in dataclasses.fields(SABConfig)}
_WHOLE = {name for name, field in _FIELDS.items() if str(field.type).startswith("int")}


def version_of(config: SABConfig) -> str:
    """The format's version of a file with this config: "2" if it needs the key that came with it, k_back, else "1"."""
    return "1" if applicable(config.to_dict())["k_back"] is None else "2"


def _keys(version: str) -> list[str]:
    return [name for name in _FIELDS if version != "1" or name != "k_back"]


def read_config(text: str, version: str = "1") -> SABConfig:
    """The config of a file's metadata: exactly its version's keys; what does not apply takes its default.

    Raises:
        FormatError: not JSON, or not such a config.
    """
    if len(text) > MAX_CONFIG:
        raise FormatError(f"the config is {len(text)} characters long, but should be at most {MAX_CONFIG}")
    fields = strict_json(text, "the config")
    if not isinstance(fields, dict):
        raise FormatError(f"the config is a JSON {type(fields).__name__}, but should be an object")
    if missing := [name for name in _keys(version) if name not in fields]:
        raise FormatError(f"the config lacks the key {', '.join(missing)}")
    if unknown := [name for name in fields if name not in _keys(version)]:
        raise FormatError(f"the config has the unknown key {', '.join(map(repr, unknown))}")
    fields.setdefault("k_back", None)
    try:
        return SABConfig.from_dict(applicable({name: _number(value, name) for name, value in fields.items()}))
    except (ConfigError, OverflowError) as error:
        raise FormatError(f"the config is not one of the spec's: {error}") from error


def write_config(config: SABConfig) -> str:
    """The config as a file's metadata holds it; what does not apply takes its default."""
    fields, keys = applicable(config.to_dict()), _keys(version_of(config))
    return json.dumps({name: fields[name] for name in keys})


def applicable(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields with a default wherever they do not apply: "keeps its default and is ignored", says the spec."""
    ignored = _ignored(fields)
    return {name: _FIELDS[name].default if name in ignored else value for name, value in fields.items()}


def tensor_shapes(config: SABConfig, T: int, B: int) -> tuple[dict[str, tuple[int, ...]], dict[str, tuple[int, ...]]]:
    """The names and shapes of the tensors that a file must hold, and of those that it may hold besides."""
    params, H = param_shapes(config), config.hidden_size
    x, y = (T, B, config.input_size), (T, B, config.output_size)
    required: dict[str, tuple[int, ...]] = {"x": x, "dy": y}
    required |= {f"param.{name}": shape for name, shape in params.items()}
    required |= {"y": y, "grad.x": x} | {f"grad.{name}": shape for name, shape in params.items()}
    optional: dict[str, tuple[int, ...]] = {name: (B, H) for name in ("h0", "c0", "grad.h0", "grad.c0")}
    return required, optional | {name: (T, B, H) for name in ("h", "s", "c")}


def _ignored(fields: dict[str, Any]) -> set[str]:
    """The fields that do not apply to the model which the others describe."""
    ignored = set()
    if fields["k_top"] == 0:
        ignored |= MEMORY_FIELDS
    if fields["score"] == "separable":
        ignored |= {"attention_size"}
    ignored |= THRESHOLD_FIELDS if fields["sparsifier"] == "softmax" else {"temperature"}
    return ignored | ({"segment_offset"} if fields["truncation"] == "sliding" else {"k_remind"})


def _number(value: Any, name: str) -> Any:
    """`value` with 3.0 read as 3 in a whole-number field: JSON has one kind of number."""
    return int(value) if name in _WHOLE and isinstance(value, float) and value.is_integer() else value
