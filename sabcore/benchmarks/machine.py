"""On what it ran: every number of a benchmark is worth as much as this."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
from pathlib import Path
from typing import Any

from .threads import cores

LIBRARIES = "sabcore numpy scipy numba llvmlite torch jax jaxlib cupy-cuda12x cupy-cuda13x".split()


def describe() -> dict[str, Any]:
    """Processor, cores, versions, and how busy the machine is with other work."""
    return {
        "cpu": _processor(),
        "cores": cores(),
        "system": system(platform.system(), platform.release()),
        "python": platform.python_version(),
        "libraries": {name: found for name in LIBRARIES if (found := version(name))},
        "blas": blas(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    }


def system(name: str, release: str) -> str:
    """The system and the first two numbers of its release: more would tell one machine from another, not its speed."""
    numbers = re.match(r"\d+(?:\.\d+)?", release)
    return f"{name} {numbers[0]}" if numbers else name


def version(library: str) -> str | None:
    """The installed version; None if it is not."""
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return None


def blas() -> str:
    """What NumPy multiplies matrices with."""
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return "unknown"
    found = {f"{pool['internal_api']} {pool['version']}" for pool in threadpool_info() if pool["user_api"] == "blas"}
    return ", ".join(sorted(found)) or "unknown"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())
