"""What every entrant computes: a model and one batch, seeded, as NumPy arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sabcore import SABConfig, init_params

#: The sizes that are timed where nothing else is said.
SIZES: dict[str, Any] = {"input_size": 10, "hidden_size": 128, "output_size": 10}
#: Fresh parameters make a SAB model chaotic over hundreds of steps: rounding decides which of two nearly equal scores
#: is selected, and the gradient multiplies the difference. Driven by its inputs rather than by itself, it is tame.
FACTORS = {"W_ih": 5.0, "W_hh": 0.3}


@dataclass(frozen=True)
class Workload:
    """A forward and backward pass: `params` by the spec's names, x (T,B,I), dy (T,B,O)."""

    config: SABConfig
    params: dict[str, np.ndarray]
    x: np.ndarray
    dy: np.ndarray

    @property
    def T(self) -> int:
        """Steps."""
        return self.x.shape[0]

    @property
    def B(self) -> int:
        """Sequences."""
        return self.x.shape[1]

    def astype(self, dtype: str) -> Workload:
        """The same numbers, rounded to `dtype`."""
        params = {name: value.astype(dtype) for name, value in self.params.items()}
        return replace(self, params=params, x=self.x.astype(dtype), dy=self.dy.astype(dtype))


def make_workload(config: SABConfig, T: int, B: int, dtype: str = "float32", seed: int = 0) -> Workload:
    """A workload drawn from `seed`, the gradient dy scaled as that of a mean over steps and sequences."""
    rng = np.random.default_rng(seed)
    params = {name: value * FACTORS.get(name, 1.0) for name, value in init_params(config, seed, "float64").items()}
    x = rng.standard_normal((T, B, config.input_size))
    dy = rng.standard_normal((T, B, config.output_size)) / (T * B)
    return Workload(config, params, x, dy).astype("float32").astype(dtype)


def sab_config(**fields: Any) -> SABConfig:
    """The paper's SAB as it is timed: k_top = 10, every state a memory, a window of 10 steps."""
    return SABConfig.paper(**{**SIZES, "k_top": 10, "k_att": 1, "k_trunc": 10, **fields})


def lstm_config(**fields: Any) -> SABConfig:
    """A plain LSTM with full back-propagation through time."""
    return SABConfig.lstm(**{**SIZES, **fields})
