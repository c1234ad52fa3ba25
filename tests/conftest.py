"""Shared by all tests: a tally that is printed after the run, and quiet BLAS threads."""

from __future__ import annotations

from collections.abc import Callable

import pytest

_TALLY = pytest.StashKey[dict[str, dict[str, list[str]]]]()


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Callable[[str, str, list[str]], None]:
    """Note that a wrong implementation, `name`, of a `kind`, was rejected by these checkers; summed up at the end."""

    def note(kind: str, name: str, rejected_by: list[str]) -> None:
        request.config.stash.setdefault(_TALLY, {}).setdefault(kind, {})[name] = rejected_by

    return note


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for kind, found in config.stash.get(_TALLY, {}).items():
        killed = [name for name, rejected_by in found.items() if rejected_by]
        fewest = min(found, key=lambda name: len(found[name]))
        terminalreporter.write_line(
            f"{kind}: {len(found)} tried, {len(killed)} killed; hardest to kill: {fewest!r}, by {len(found[fewest])}"
        )
