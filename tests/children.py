"""Processes that a test starts: none outlives its test, and none of their own children keeps a pipe open for ever."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from tests.imports import ROOT

#: Seconds that a child may take, a first compilation on a busy machine included.
PATIENCE = 240


@contextlib.contextmanager
def child(arguments: Sequence[Any], **options: Any) -> Iterator[subprocess.Popen[str]]:
    """Python with these arguments, in a process group of its own, which is killed as a whole in the end."""
    process = subprocess.Popen(
        [sys.executable, *map(str, arguments)], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, **options,
    )  # fmt: skip
    with process:
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def run_child(arguments: Sequence[Any]) -> subprocess.CompletedProcess[str]:
    """What it printed and how it ended. `subprocess.run` would wait for grandchildren even past its timeout."""
    with child(arguments) as process:
        out, errors = process.communicate(timeout=PATIENCE)
    return subprocess.CompletedProcess(process.args, process.returncode, out, errors)
