"""What the sections claim, each checked once in a process: some take seconds."""

from __future__ import annotations

import json
from functools import cache
from types import ModuleType

from sabcore.proofs.theorems.claim import Claim


@cache
def found(section: ModuleType) -> tuple[Claim, ...]:
    """The claims of a section's module."""
    return tuple(section.check())


def assert_holds(section: ModuleType, numbers: str) -> None:
    """Every claim of the section is there, and passes."""
    assert [claim.number for claim in found(section)] == numbers.split()
    assert all(json.loads(json.dumps(claim.as_json()))["passed"] is True for claim in found(section))


def failed(section: ModuleType) -> set[str]:
    """The numbers of the claims that do not pass, found anew."""
    return {claim.number for claim in section.check() if not claim.passed}
