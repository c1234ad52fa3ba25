"""A million steps: forward and backward, in bounded memory, with both passes' progress told."""

from __future__ import annotations

import importlib
import time
from typing import Any, NamedTuple

import numpy as np

from sabcore import SABConfig
from sabcore.engine import ENGINES

from .memory import resident
from .race import Tick
from .workload import make_workload, sab_config


class Long(NamedTuple):
    """One long sequence and its model."""

    T: int
    B: int
    config: SABConfig


LONG = Long(1_000_000, 1, sab_config(hidden_size=64, k_att=100))


def long_run(size: Long, engine: str, tick: Tick) -> dict[str, Any]:
    """Seconds of each pass, the process's peak memory in bytes, and whether every gradient is finite."""
    w, module = make_workload(size.config, size.T, size.B), importlib.import_module(ENGINES[engine].module)
    state = np.zeros((size.B, size.config.hidden_size), w.x.dtype)
    resident(reset=True)

    def told(what: str) -> dict[str, Any]:
        """What the engine reports progress to, if it does."""
        return {"progress": lambda t, T: tick(f"{what}, {t:,} of {T:,} steps")} if engine == "cpu" else {}

    start = time.perf_counter()
    _, tape = module.forward(size.config, w.params, w.x, state, state, **told("forward"))
    middle = time.perf_counter()
    grads = module.backward(size.config, w.params, tape, w.dy, **told("backward"))
    return {
        "T": size.T,
        "B": size.B,
        "config": size.config.to_dict(),
        "forward_s": middle - start,
        "backward_s": time.perf_counter() - middle,
        "peak_bytes": resident(),
        "finite": all(bool(np.isfinite(grad).all()) for grad in grads.values()),
    }
