"""Configurations near another one: every field of SABConfig changed, one or two at a time."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from functools import cache
from itertools import combinations
from typing import Any, get_args, get_type_hints

from sabcore.errors import ConfigError
from sabcore.model.config import PRESETS, SABConfig, left_to_caller
from sabcore.vectors.model import applicable

#: Sizes of tensors, which a program shows by its answers' shapes.
SIZES = ("input_size", "hidden_size", "output_size", "attention_size")
#: The fields that the outputs depend on. All others, whatever joins them, are choices of the backward pass.
FORWARD = (
    *("k_top", "k_att", "score", "sparsifier", "threshold_rank", "margin", "eps"),
    *("small_memory", "temperature", "memory_start"),
)
#: Real fields: values that programs are known to have. Other values are found by a fit.
REAL = {
    "margin": (-1e-5, -1e-6, -1e-7, -1e-8, 1e-8, 1e-7, 1e-6, 1e-5, 1e-3),
    "eps": (1e-12, 1e-10, 1e-9, 1e-8, 1e-6, 1e-5, 1e-4, 1e-3),
    "temperature": (0.1, 0.5, 2.0, 5.0, 10.0),
}
_FIELDS = {field.name: field for field in dataclasses.fields(SABConfig) if field.name not in SIZES}
_TYPES = get_type_hints(SABConfig)

#: Whole numbers from 1 to this are tried; the windows of truncation are worth more.
_SMALL = {"k_top": 5, "k_att": 4, "k_back": 3, "k_trunc": 12, "k_remind": 6}
Changes = dict[str, Any]


def as_fields(config: SABConfig) -> Changes:
    """Every field by name, as `to_dict`, but without copying: searches ask for thousands."""
    return {name: getattr(config, name) for name in _TYPES}


def field_names(*, forward: bool) -> list[str]:
    """The fields that the outputs depend on, or those of the backward pass alone."""
    return [name for name in _FIELDS if (name in FORWARD) == forward]


@cache
def values(name: str, asked: Any, k_trunc: int | None) -> tuple[Any, ...]:
    """Other values of a field than the one that is asked for."""
    kind = _TYPES[name]
    if name in REAL:
        found: list[Any] = [_FIELDS[name].default, *REAL[name]]
    elif kind is bool:
        found = [True, False]
    elif literals := [value for value in get_args(kind) if isinstance(value, str)]:
        found = literals
    else:
        found = _whole(name, asked, k_trunc, nullable=type(None) in get_args(kind))
    return tuple(value for value in dict.fromkeys(found) if value != asked or type(value) is not type(asked))


def _whole(name: str, asked: int | None, k_trunc: int | None, nullable: bool) -> list[int | None]:
    """Neighbours, doubles and halves of what is asked for, small numbers, and null."""
    if name == "segment_offset":
        return list(range(k_trunc or 1))
    near = [] if asked is None else [asked - 1, asked + 1, asked - 2, asked + 2, 2 * asked, asked // 2]
    least = 0 if name == "k_top" else 1
    found: list[int | None] = [n for n in [*near, *range(1, _SMALL.get(name, 5) + 1)] if n >= least]
    return [None, *found] if nullable else found


@cache
def canonical(config: SABConfig) -> SABConfig:
    """The same function with every field that does not apply at its default, and the least segment_offset."""
    fields = applicable(as_fields(config))
    if fields["truncation"] == "segment":
        fields["segment_offset"] %= fields["k_trunc"] or 1
    return SABConfig.from_dict(fields)


def without_backward(config: SABConfig, keep: tuple[str, ...] = ()) -> SABConfig:
    """The fields of the backward pass at their defaults, but for those to `keep`."""
    names = [name for name in field_names(forward=False) if name not in keep]
    return SABConfig.from_dict(as_fields(config) | {name: _FIELDS[name].default for name in names})


def difference(config: SABConfig, base: SABConfig) -> Changes:
    """The fields of `config`, as far as they apply, that differ from those of `base`."""
    one, other = as_fields(canonical(config)), as_fields(canonical(base))
    return {name: one[name] for name in _FIELDS if one[name] != other[name]}


def changed(config: SABConfig, changes: Changes) -> SABConfig | None:
    """`config` with some fields changed; None if that is no configuration, or means the same."""
    fields = as_fields(config) | changes
    if fields["truncation"] == "segment" and "k_remind" not in changes:
        fields["k_remind"] = None
    try:
        found = SABConfig.from_dict(fields)
    except ConfigError:
        return None
    return found if canonical(found) != canonical(config) else None


def variants(config: SABConfig, names: list[str], count: int) -> Iterator[SABConfig]:
    """Every configuration that differs from `config` in exactly `count` of the fields `names`, once each."""
    seen = {canonical(config)}
    single = [(name, value) for name in names for value in values(name, getattr(config, name), config.k_trunc)]
    for changes in combinations(single, count):
        if len({name for name, _ in changes}) == count:
            found = changed(config, dict(changes))
            if found is not None and canonical(found) not in seen:
                seen.add(canonical(found))
                yield found


def presets_like(config: SABConfig) -> dict[str, SABConfig]:
    """Every preset, with the sizes and the k's of `config`."""
    given = {name: getattr(config, name) for name in (*SIZES, "k_att", "k_trunc", "k_remind", "truncation")}
    left = {"k_top": config.k_top or 3, "k_back": config.k_back or 2}
    return {
        name: SABConfig.preset(name, **given, **{field: left[field] for field in left_to_caller(name)})
        for name in PRESETS
    }


def nearest_preset(config: SABConfig, claim: SABConfig) -> tuple[str, Changes]:
    """The preset that `config` differs least from, and in what; of equals, the one that `claim` is nearest to."""
    options = {
        name: difference(config, preset)
        for name, preset in presets_like(claim).items()
        if preset.has_memory == config.has_memory
    }
    by_claim = {name: len(difference(claim, preset)) for name, preset in presets_like(claim).items()}
    name = min(options, key=lambda name: (len(options[name]), by_claim[name]))
    return name, options[name]


def as_text(changes: Changes) -> str:
    """Fields as people write them: `k_trunc = null, score_grad = false`."""
    return ", ".join(f"{name} = {json.dumps(value).strip(chr(34))}" for name, value in changes.items())
