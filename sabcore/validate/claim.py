"""What a program is asked to be: a preset with fields set, in sizes that it takes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sabcore.errors import ConfigError, TargetError
from sabcore.model.config import SABConfig, left_to_caller
from sabcore.validate.cases import SIZES, ask, steps
from sabcore.validate.program import Program

#: The k's that are asked for where nobody says otherwise: small, and different.
DEFAULTS: dict[str, Any] = {"k_top": 3, "k_trunc": 4, "k_back": 2}
#: What goes wrong in the same way whatever the sizes.
_FATAL = ("load", "ended", "time", "memory", "shape")


class Accepted(NamedTuple):
    """A configuration that a program answers, for how many sequences, and what is to be said of that."""

    config: SABConfig
    B: int
    notes: list[str]


def parse(settings: Sequence[str]) -> dict[str, Any]:
    """FIELD=VALUE, the value as JSON or as it stands -> fields.

    Raises:
        ConfigError: no such form.
    """
    fields = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals:
            raise ConfigError(f"{setting!r} should be FIELD=VALUE, for example k_trunc=10")
        try:
            fields[name] = json.loads(text)
        except ValueError:
            fields[name] = text
    return fields


def parse_exemptions(settings: Sequence[str]) -> dict[str, str]:
    """TENSOR=REASON -> reasons by tensor.

    Raises:
        ConfigError: no such form, or no reason.
    """
    reasons = {}
    for setting in settings:
        name, _, reason = setting.partition("=")
        if not reason.strip():
            raise ConfigError(f"{setting!r} should be TENSOR=REASON, for example grad.x='inputs are not trained'")
        reasons[name] = reason
    return reasons


def claimed(preset: str, fields: Mapping[str, Any], sizes: Mapping[str, Any]) -> SABConfig:
    """The preset in these sizes, with the default k's where it leaves them open, and with `fields`."""
    open_k = {name: value for name, value in DEFAULTS.items() if name in ("k_trunc", *left_to_caller(preset))}
    return SABConfig.preset(preset, **{**sizes, **open_k, **fields})


def accepted(program: Program, preset: str, fields: Mapping[str, Any]) -> Accepted:
    """The first sizes that the program answers to, with the claim's score or else with the other's parameters.

    Raises:
        TargetError: none; the message is that of the first.
    """
    first: TargetError | None = None
    for config, B, note in _tries(preset, fields):
        try:
            answer = program.ask(ask(config, 1, steps(config), B))
        except TargetError as error:
            first = first or error
            if error.kind in _FATAL:
                raise
            continue
        notes = [] if first is None else [f"{first}; {note}"]
        if answer.reseeded:
            notes.append(f"your program changes the global random state of {', '.join(answer.reseeded)}")
        return Accepted(config, B, notes)
    assert first is not None
    raise first


def _tries(preset: str, fields: Mapping[str, Any]) -> Iterator[tuple[SABConfig, int, str]]:
    seen = []
    for sizes in SIZES:
        B, shape = sizes["B"], {name: size for name, size in sizes.items() if name != "B"}
        config = claimed(preset, fields, shape)
        if (config, B) in seen:
            continue
        seen.append((config, B))
        yield config, B, f"asked with {_sizes(config, B)}"
        if "score" not in fields and config.has_memory:
            other = "separable" if config.score == "additive" else "additive"
            given = claimed(preset, {**fields, "score": other}, shape)
            yield given, B, f"asked with the parameters of the {other} score, {_sizes(config, B)}"


def _sizes(config: SABConfig, B: int) -> str:
    return f"I={config.input_size}, H={config.hidden_size}, O={config.output_size}, B={B}"
