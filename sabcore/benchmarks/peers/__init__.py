"""The entrants. Each one computes the same model and the same truncated gradient, as well as its library allows.

An entrant is asked to `prepare` a workload, which moves the arrays to where it computes and compiles what it can;
the function that it returns does one forward and backward pass and is what gets timed.
"""

from __future__ import annotations

from .base import Entrant, Grads, Run, on_host
from .engine import engines
from .jax_scan import jax_scan
from .torch_cached import torch_cached
from .torch_compiled import torch_compiled
from .torch_graph import torch_graph
from .torch_listed import torch_listed
from .torch_lstm import torch_lstm
from .torch_paper import torch_paper

__all__ = ["Entrant", "Grads", "Run", "engines", "on_host", "peers"]


def peers(device: str = "cpu") -> list[Entrant]:
    """Every peer, on "cpu" or "cuda"; whether it is installed, and takes a model, each of them tells."""
    return [
        torch_cached(device),
        torch_listed(device),
        torch_paper(device),
        torch_compiled(device),
        torch_lstm(device),
        *([jax_scan()] if device == "cpu" else _with_a_card(device)),
    ]


def _with_a_card(device: str) -> list[Entrant]:
    return [torch_graph(device), torch_compiled(device, reduce_overhead=True), torch_lstm(device, tf32=True)]
