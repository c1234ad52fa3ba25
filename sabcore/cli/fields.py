"""Configurations on the command line: presets by name, and `--set FIELD=VALUE`, given once for each field."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import click

from sabcore.errors import ConfigError
from sabcore.model.config import PRESETS

#: Said wherever this preset is named.
SAB2017 = "sab2017 is a reading of the abstract of arXiv 1711.02326, whose body text could not be had."


def preset_option(name: str, *parameter: str, help_text: str, **settings: Any) -> Callable[[Any], Any]:
    """An option, `name`, that takes a preset; `settings` are click's."""
    return click.option(name, *parameter, type=click.Choice(list(PRESETS)), help=f"{help_text} {SAB2017}", **settings)


def set_option(help_text: str = "A config field, as k_trunc=4; repeatable.") -> Callable[[Any], Any]:
    """The option `--set`, as the parameter `assignments`, for `read_fields`."""
    return click.option("--set", "assignments", multiple=True, metavar="FIELD=VALUE", help=help_text)


def read_fields(assignments: tuple[str, ...]) -> dict[str, Any]:
    """("k_trunc=4", "truncation=sliding") -> {"k_trunc": 4, "truncation": "sliding"}; the config checks them.

    Raises:
        ConfigError: one that is no assignment.
    """
    fields = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals:
            raise ConfigError(f"--set {assignment} should be FIELD=VALUE, as --set k_trunc=4")
        fields[name] = _value(text)
    return fields


def _value(text: str) -> Any:
    """A number, null, true or false as JSON writes it; any other text is a name, as `sliding`."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
