"""Where a result comes from: the versions, the machine and the commit that it was computed with."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import subprocess
from pathlib import Path
from typing import Any

import sabcore

LIBRARIES = ("numpy", "numba", "scipy")


def origin() -> dict[str, Any]:
    """`versions`, `machine` and `commit`, JSON-ready; the last is None of an installed package."""
    versions = {name: importlib.metadata.version(name) for name in LIBRARIES}
    versions = {"sabcore": sabcore.__version__, "python": platform.python_version(), **versions}
    machine = {"processor": _processor(), "cores": os.cpu_count(), "system": _system()}
    return {"versions": versions, "machine": machine, "commit": commit(Path(sabcore.__file__).parents[1])}


def commit(folder: Path) -> str | None:
    """The commit that is checked out in `folder`, with "-dirty" after it if a file of it was changed."""
    if not (folder / ".git").exists():
        return None
    command = ["git", "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None


def _system() -> str:
    """The system and two numbers of its release: more would tell one machine from another, not its speed."""
    numbers = re.match(r"\d+(?:\.\d+)?", platform.release())
    return f"{platform.system()} {numbers[0]}" if numbers else platform.system()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())
