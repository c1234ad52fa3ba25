"""sabcore's own engines as entrants."""

from __future__ import annotations

import importlib
from typing import Any

from sabcore import SABConfig, backward, forward
from sabcore.array.device import resolve
from sabcore.engine import ENGINES
from sabcore.errors import DeviceError

from ..workload import Workload
from .base import Entrant, Grads, Run

TITLES = {"plain": "sabcore plain", "cpu": "sabcore CPU", "cuda": "sabcore CUDA"}


def engines(device: str = "cpu") -> list[Entrant]:
    """The engines that compute on "cpu", or on "cuda"; `plain`, which computes on both, first."""
    other = "cuda" if device == "cpu" else "cpu"
    return [_entrant(name, device) for name in ENGINES if name != other]


def _entrant(name: str, device: str) -> Entrant:
    title = TITLES.get(name, f"sabcore {name}")
    return Entrant(
        name=f"sabcore-{name}",
        title=f"{title} on CuPy" if (name, device) == ("plain", "cuda") else title,
        missing=lambda: _missing(name, device),
        refuses=lambda config: None,
        prepare=lambda workload: _prepare(name, device, workload),
    )


def _missing(name: str, device: str) -> str | None:
    try:
        resolve(device)
        importlib.import_module(ENGINES[name].module)
    except (DeviceError, ImportError) as error:
        return str(error)
    return None


def _prepare(name: str, device: str, workload: Workload) -> Run:
    xp = resolve(device)
    config, x, dy = workload.config, xp.asarray(workload.x), xp.asarray(workload.dy)
    params = {key: xp.asarray(value) for key, value in workload.params.items()}
    return lambda: one_pass(config, params, x, dy, name)


def one_pass(config: SABConfig, params: dict[str, Any], x: Any, dy: Any, engine: str) -> Grads:
    """One forward and backward pass; the gradients of the initial state, which no peer is asked for, left out.

    Raises:
        DeviceError: another engine stood in for the one that is to be timed.
    """
    y, tape = forward(config, params, x, engine=engine)
    if tape.engine != engine:
        raise DeviceError(f"the {tape.engine} engine stood in for the {engine} engine")
    grads = backward(config, params, tape, dy)
    return {"y": y} | {name: grads[name] for name in ("x", *params)}
