"""What an entrant is."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sabcore import SABConfig
from sabcore.array import library as arrays

from ..workload import Workload

#: "y", and the gradients of "x" and of every parameter, by the spec's names, as arrays of the entrant's library.
Grads = Mapping[str, Any]
#: One forward and backward pass. On a CPU it is finished when it returns.
Run = Callable[[], Grads]


@dataclass(frozen=True)
class Entrant:
    """`missing()` and `refuses(config)` say in a few words why it cannot take part, or None."""

    name: str
    title: str
    missing: Callable[[], str | None]
    refuses: Callable[[SABConfig], str | None]
    prepare: Callable[[Workload], Run]

    def absent(self, config: SABConfig) -> str | None:
        """Why it does not compute this model here, or None if it does."""
        return self.missing() or self.refuses(config)


def on_host(grads: Grads) -> dict[str, np.ndarray]:
    """NumPy arrays, whatever library and device they come from."""
    return {name: _to_numpy(value) for name, value in grads.items()}


def _to_numpy(value: Any) -> np.ndarray:
    if hasattr(value, "detach"):
        return value.detach().cpu().numpy()
    return arrays.on_host(value)


def not_installed(library: str) -> Callable[[], str | None]:
    """A `missing` for entrants that need nothing but this library."""
    return lambda: None if importlib.util.find_spec(library) else f"{library} is not installed"


def only_paper(config: SABConfig) -> str | None:
    """A `refuses` for peers that are written for the paper's SAB and segment truncation."""
    kept = "input_size hidden_size output_size attention_size k_top k_att k_trunc".split()
    plainest = SABConfig.paper(**{name: getattr(config, name) for name in kept})
    return None if config == plainest and config.has_memory else "computes the paper's SAB only, segments from 0"


def only_lstm(config: SABConfig) -> str | None:
    """A `refuses` for plain LSTMs, with full back-propagation or segments from 0."""
    plain = config.truncation == "segment" and (config.k_trunc is None or config.segment_offset == 0)
    return None if plain and not config.has_memory else "computes a plain LSTM only, full or segments from 0"
