"""SAB in eager PyTorch with the score as the paper writes it: one weight times the concatenation [m; hhat], every step.

Nothing is cached, so each step multiplies all N memories by W_m again.
"""

from __future__ import annotations

from typing import Any

from ..workload import Workload
from .base import Entrant, Run, not_installed, only_paper
from .torch_sab import Tensors, make_step, prepare


def torch_paper(device: str = "cpu") -> Entrant:
    """The entrant on "cpu" or "cuda"."""
    return Entrant(
        name="torch-paper",
        title="PyTorch SAB, eager, concatenated states",
        missing=not_installed("torch"),
        refuses=only_paper,
        prepare=lambda workload: _prepare(workload, device),
    )


def _prepare(workload: Workload, device: str) -> Run:
    return prepare(workload, device, make_step(score), key)


def key(p: Tensors, h: Any) -> Any:
    """The memory itself, h (B,H)."""
    return h


def score(p: Tensors, memories: Any, hhat: Any) -> Any:
    """memories (N,B,H), hhat (B,H) -> a (N,B)."""
    import torch

    pairs = torch.cat((memories, hhat.expand_as(memories)), dim=-1)
    return (pairs @ torch.cat((p["W_m"], p["W_q"]), dim=1).T).tanh() @ p["w_a"]
