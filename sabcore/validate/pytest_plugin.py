"""For a port's own tests: `def test_it(assert_sab): assert_sab(my_sab, claim="paper")`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest


def assert_conforms(
    implementation: Callable[..., Any] | str, claim: str, exempt: Mapping[str, str] | None = None, **fields: Any
) -> None:
    """Fail, with the whole report, unless a program is what is claimed.

    Args:
        implementation: the function itself, called in this process; or "module:callable", in a process of its own.
        claim: a preset's name.
        exempt: tensors that may be wrong, each with the reason; one that is right after all fails.
        fields: the claim's other fields.
    """
    from sabcore.validate.process import TargetProcess
    from sabcore.validate.program import FunctionProgram, Program
    from sabcore.validate.report import lines
    from sabcore.validate.verdict import validate

    name = implementation if isinstance(implementation, str) else getattr(implementation, "__qualname__", "it")
    program: Program = TargetProcess(name) if isinstance(implementation, str) else FunctionProgram(implementation)
    try:
        verdict = validate(program, name, claim, fields, exempt)
    finally:
        program.close()
    if verdict.exit:
        pytest.fail("\n".join(lines(verdict)), pytrace=False)


@pytest.fixture(scope="session")
def assert_sab() -> Callable[..., None]:
    """`assert_conforms`, as a fixture."""
    return assert_conforms
