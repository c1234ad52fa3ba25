"""SAB in eager PyTorch with cached keys, kept as it is usually written: in lists, stacked at every step."""

from __future__ import annotations

from typing import Any

from ..workload import Workload
from .base import Entrant, Run, not_installed, only_paper
from .torch_cached import key, score
from .torch_sab import make_step, prepare


def torch_listed(device: str = "cpu") -> Entrant:
    """The entrant on "cpu" or "cuda"."""
    return Entrant(
        name="torch-listed",
        title="PyTorch SAB, eager, cached keys in lists",
        missing=not_installed("torch"),
        refuses=only_paper,
        prepare=lambda workload: _prepare(workload, device),
    )


def _prepare(workload: Workload, device: str) -> Run:
    return prepare(workload, device, make_step(score), key, Stacked)


class Stacked:
    """Rows in a list. Autograd then adds up one small gradient a row and step."""

    def __init__(self) -> None:
        self._rows: list[Any] = []

    def append(self, row: Any) -> None:
        """row (B,*)."""
        self._rows.append(row)

    def all(self) -> Any:
        """(N,B,*), or None where N = 0."""
        import torch

        return torch.stack(self._rows) if self._rows else None
