"""Peak memory of one forward and backward pass, in a process of its own, over what it held before.

`python -m sabcore.benchmarks.memory ENTRANT '{"T": ..., "B": ..., "config": {...}, "threads": n}'` prints
`{"peak": bytes}`.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

from sabcore import SABConfig

from .peers import engines, peers
from .threads import load_libraries, use_threads
from .workload import Workload, make_workload

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
#: Steps of a first, small pass: imports, compilers and thread pools are not what is measured.
WARM_UP = 24


def peak_bytes(entrant: str, workload: Workload, threads: int, limit: float = 600) -> int | None:
    """The peak of one pass in a fresh process; None if that failed, or took longer than `limit` seconds."""
    spec = {"T": workload.T, "B": workload.B, "config": workload.config.to_dict(), "threads": threads}
    command = [sys.executable, "-m", f"{__package__}.memory", entrant, json.dumps(spec)]
    paths = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [os.getcwd(), *sys.path]))}
    try:
        done = subprocess.run(command, env=paths, capture_output=True, text=True, timeout=limit)
        return json.loads(done.stdout.splitlines()[-1])["peak"]
    except (subprocess.TimeoutExpired, IndexError, ValueError, KeyError):
        return None


def measure(entrant: str, spec: dict) -> int:
    """The peak of one pass in this process, in bytes, beyond what it holds with the inputs at hand."""
    chosen = {known.name: known for known in [*engines(), *peers()]}[entrant]
    config, T, B = SABConfig.from_dict(spec["config"]), spec["T"], spec["B"]
    load_libraries([entrant])
    with use_threads(spec["threads"]):
        chosen.prepare(make_workload(config, WARM_UP, B))()
        run = chosen.prepare(make_workload(config, T, B))
        gc.collect()
        before = resident(reset=True)
        result = run()
        after = resident()
    del result
    return max(0, after - before)


def resident(*, reset: bool = False) -> int:
    """The most memory this process ever held, in bytes; with `reset`, what it holds now, where Linux lets us forget.

    Not `ru_maxrss` on Linux: a child inherits its parent's.
    """
    if not STATUS.exists():
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    if reset:
        CLEAR.write_text("5")
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    print(json.dumps({"peak": measure(sys.argv[1], json.loads(sys.argv[2]))}))
