"""What a theorem's check returns."""

from __future__ import annotations

from typing import Any, NamedTuple


class Claim(NamedTuple):
    """A sentence of `theorems.md`, by its number; what was measured; and whether it agrees."""

    number: str
    sentence: str
    measured: str
    passed: bool

    def line(self) -> str:
        return f"{'' if self.passed else 'FAILED '}{self.number:5} {self.sentence}: {self.measured}"

    def as_json(self) -> dict[str, Any]:
        return self._asdict() | {"passed": bool(self.passed)}  # NumPy has truths of its own
