"""NVIDIA's compute-sanitizer on one small pass: races, bounds, unwritten memory, and barriers on the card itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from .parts import PartFailedError

TOOLS = "memcheck racecheck initcheck synccheck".split()
#: Long enough for every barrier, and short enough for a tool that slows it down a hundred times.
SMALL = (
    "from sabcore.benchmarks.peers import engines; from sabcore.benchmarks.workload import make_workload, sab_config; "
    "next(e for e in engines('cuda') if e.name == 'sabcore-cuda').prepare(make_workload(sab_config(), 40, 2))()"
)


def sanitize() -> dict[str, str]:
    """The last line of each tool's report.

    Raises:
        PartFailedError: a tool found something, or there is none.
    """
    program = shutil.which("compute-sanitizer") or shutil.which(
        "compute-sanitizer", path=str(Path(os.environ.get("CUDA_HOME", "/usr/local/cuda"), "bin"))
    )
    if program is None:
        raise PartFailedError("compute-sanitizer is not installed", None)
    found, failed = {}, []
    for tool in TOOLS:
        command = [program, "--tool", tool, "--error-exitcode", "9", sys.executable, "-c", SMALL]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        found[tool] = ((done.stdout + done.stderr).strip().splitlines() or ["no output"])[-1]
        failed += [tool] * (done.returncode != 0)
    if failed:
        raise PartFailedError(f"{', '.join(failed)} found something", found)
    return found
