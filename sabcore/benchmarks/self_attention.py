"""Full self-attention on long sequences: one training step, its seconds and its peak of memory, against T.

`python -m sabcore.benchmarks.self_attention` runs the preset `self_attention` (every slot is read and gets gradient) on
the CPU engine at lengths up to 5,000, each in a process of its own, and writes `results/self-attention.json`. Weights
of all pairs of steps would take 4 B T^2 bytes; the engine keeps none and makes them again on the way back.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from sabcore import SABConfig, backward, forward
from sabcore.benchmarks.machine import describe
from sabcore.benchmarks.memory import WARM_UP, resident
from sabcore.benchmarks.workload import Workload, make_workload
from sabcore.train.optim import SGD

RECORD = Path(__file__).parent / "results" / "self-attention.json"
LENGTHS = (625, 1250, 2500, 5000)
B, H, STEPS = 2, 64, 2
CONFIG = SABConfig.self_attention(input_size=10, hidden_size=H, output_size=10, k_trunc=None)


def train(T: int) -> dict[str, Any]:
    """STEPS training steps at length T, here, after a short one: the seconds of each, the peak in bytes over all."""
    _step(make_workload(CONFIG, WARM_UP, B))
    w, before, seconds = make_workload(CONFIG, T, B), resident(reset=True), []
    for _ in range(STEPS):
        began = time.perf_counter()
        w = replace(w, params=_step(w))
        seconds.append(time.perf_counter() - began)
    finite = all(bool(np.isfinite(value).all()) for value in w.params.values())
    return {"T": T, "seconds": seconds, "peak": resident() - before, "finite": finite}


def _step(w: Workload) -> dict[str, np.ndarray]:
    """The parameters after one update."""
    _, tape = forward(CONFIG, w.params, w.x, engine="cpu")
    return SGD(1e-2).update(w.params, backward(CONFIG, w.params, tape, w.dy), SGD(1e-2).init(w.params))[0]


def record() -> dict[str, Any]:
    """Every length, each in a fresh process."""
    command = [sys.executable, "-m", "sabcore.benchmarks.self_attention"]
    rows = [json.loads(subprocess.check_output([*command, str(T)], text=True)) for T in LENGTHS]
    return {"machine": describe(), "B": B, "config": CONFIG.to_dict(), "steps": STEPS, "rows": rows}


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(train(int(sys.argv[1]))))
    else:
        RECORD.write_text(json.dumps(record(), indent=1) + "\n", encoding="utf-8")
