"""Changes of the size of rounding: rounding inside a program acts like changes of its inputs by an ulp or so."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

EPS = float(np.finfo(np.float64).eps)


def ulp_moves(tensors: Mapping[str, np.ndarray], draws: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Each tensor, `draws` times along a new leading axis, every element moved up or down by eps times itself."""
    rng = np.random.default_rng(seed)
    return {name: value * (1 + EPS * rng.choice((-1.0, 1.0), (draws, *value.shape))) for name, value in tensors.items()}
