"""SAB in eager PyTorch with cached keys: W_m m is computed once, when a slot is written."""

from __future__ import annotations

from typing import Any

from ..workload import Workload
from .base import Entrant, Run, not_installed, only_paper
from .torch_sab import Tensors, make_step, prepare


def torch_cached(device: str = "cpu") -> Entrant:
    """The entrant on "cpu" or "cuda"."""
    return Entrant(
        name="torch-cached",
        title="PyTorch SAB, eager, cached keys",
        missing=not_installed("torch"),
        refuses=only_paper,
        prepare=lambda workload: _prepare(workload, device),
    )


def _prepare(workload: Workload, device: str) -> Run:
    return prepare(workload, device, make_step(score), key)


def key(p: Tensors, h: Any) -> Any:
    """h (B,H) -> W_m h (B,A)."""
    return h @ p["W_m"].T


def score(p: Tensors, keys: Any, hhat: Any) -> Any:
    """keys (N,B,A), hhat (B,H) -> a (N,B)."""
    return (keys + hhat @ p["W_q"].T).tanh() @ p["w_a"]
