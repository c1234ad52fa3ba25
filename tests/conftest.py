"""Shared by all tests: a tally that is printed after the run, one BLAS thread for each of several processes, Ctrl-C."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest

pytest_plugins = ["sabcore.validate.pytest_plugin", "tests.vector_files"]

if "PYTEST_XDIST_WORKER" in os.environ:  # before NumPy is loaded; the processes are the parallelism
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell's script starts what it puts in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)

#: Of each kind, every wrong implementation by name, and the checkers that rejected it.
Tally = dict[str, dict[str, list[str]]]
_TALLY = pytest.StashKey[Tally]()


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Callable[[str, str, list[str]], None]:
    """Note that a wrong implementation, `name`, of a `kind`, was rejected by these checkers; summed up at the end."""

    def note(kind: str, name: str, rejected_by: list[str]) -> None:
        _merge(request.config, {kind: {name: rejected_by}})

    return note


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is marked as long may take as long as it takes."""
    for item in items:
        if item.get_closest_marker("long"):
            item.add_marker(pytest.mark.timeout(0))


def _merge(config: pytest.Config, found: Tally) -> None:
    for kind, names in found.items():
        config.stash.setdefault(_TALLY, {}).setdefault(kind, {}).update(names)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker process hands its tally to the process that reports."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["tally"] = session.config.stash.get(_TALLY, {})


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """The other end: called by pytest-xdist, where it distributes the tests, when a worker is done."""
    _merge(node.config, getattr(node, "workeroutput", {}).get("tally", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for kind, found in config.stash.get(_TALLY, {}).items():
        killed = [name for name, rejected_by in found.items() if rejected_by]
        fewest = min(found, key=lambda name: len(found[name]))
        terminalreporter.write_line(
            f"{kind}: {len(found)} tried, {len(killed)} killed; hardest to kill: {fewest!r}, by {len(found[fewest])}"
        )
