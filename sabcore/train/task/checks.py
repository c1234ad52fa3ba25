"""What the fields of tasks may be."""

from __future__ import annotations

from collections.abc import Sequence

from sabcore.errors import ConfigError


def check_positive(name: str, value: object, most: float) -> None:
    """A number greater than 0 and not beyond `most`, or a ConfigError that names it."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= most:
        raise ConfigError(f"{name} is {value!r}, but should be a number greater than 0, at most {most:g}")


def check_choice(name: str, value: object, choices: Sequence[str]) -> None:
    """One of the choices, or a ConfigError that names them."""
    if not isinstance(value, str) or value not in choices:
        raise ConfigError(f"{name} is {value!r}, but should be one of {', '.join(map(repr, choices))}")
