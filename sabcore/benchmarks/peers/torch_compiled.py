"""SAB in PyTorch with cached keys and `torch.compile`: one compiled step, whatever the number of slots.

The whole loop cannot be compiled at once: it would be unrolled, and every step has memories of another shape.
"""

from __future__ import annotations

from ..workload import Workload
from .base import Entrant, Run, not_installed, only_paper
from .torch_cached import key, score
from .torch_sab import make_step, prepare


def torch_compiled(device: str = "cpu", *, reduce_overhead: bool = False) -> Entrant:
    """The entrant on "cpu" or "cuda"; there it may record the compiled steps, one by one, as CUDA graphs."""
    return Entrant(
        name="torch-reduce-overhead" if reduce_overhead else "torch-compiled",
        title=f"PyTorch SAB, torch.compile{', reduce-overhead' if reduce_overhead else ''}, cached keys",
        missing=not_installed("torch"),
        refuses=only_paper,
        prepare=lambda workload: _prepare(workload, device, "reduce-overhead" if reduce_overhead else None),
    )


def _prepare(workload: Workload, device: str, mode: str | None) -> Run:
    import torch

    torch.compiler.reset()  # it counts every workload's compilations against one limit, and beyond that runs eagerly
    return prepare(workload, device, torch.compile(make_step(score), dynamic=True, mode=mode), key)
