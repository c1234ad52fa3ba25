"""SAB in PyTorch with the whole training step recorded once as a CUDA graph: no launch costs anything any more.

The honest opponent of a loop that is bound by launches. The graph repeats what it has recorded, on the same tensors:
nothing in the step may depend on values on the host, and nothing does.
"""

from __future__ import annotations

from typing import Any

from ..workload import Workload
from .base import Entrant, Grads, Run, not_installed, only_paper
from .torch_cached import key, score
from .torch_sab import make_step, prepare


def torch_graph(device: str = "cuda") -> Entrant:
    """The entrant; it needs "cuda"."""
    return Entrant(
        name="torch-graph",
        title="PyTorch SAB, one CUDA graph, cached keys",
        missing=not_installed("torch"),
        refuses=only_paper,
        prepare=lambda workload: _prepare(workload, device),
    )


def _prepare(workload: Workload, device: str) -> Run:
    import torch

    eager = prepare(workload, device, make_step(score), key)
    graph, found = _record(torch, eager)

    def run() -> Grads:
        graph.replay()
        return found

    return run


def _record(torch: Any, eager: Run) -> tuple[Any, Grads]:
    """The graph of a step, and the tensors that each replay fills; warmed up on another stream, as PyTorch asks."""
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        eager()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        found = eager()
    return graph, found
