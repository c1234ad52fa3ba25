"""Sinusoidal positions: attention alone cannot tell in which order its steps came."""

from __future__ import annotations

from typing import Any

import numpy as np

from sabcore.array.library import Array


def sinusoids(T: int, H: int, xp: Any = np) -> Array:
    """(T,H), float64, in `xp`, NumPy or CuPy: sines in even units, cosines in odd ones; wavelengths 2 pi to 20000 pi.

    position[t, 2i]     = sin(t / 10000^(2i / H))        t = 0, 1, ..., T - 1
    position[t, 2i + 1] = cos(t / 10000^(2i / H))

    For each distance there is one linear map from any step's position to that of the step so far away. Source: Vaswani
    et al. (2017), section 3.5.
    """
    unit = xp.arange(H)
    angle = xp.arange(T)[:, None] / 10000.0 ** ((unit - unit % 2) / H)
    return xp.where(unit % 2 == 0, xp.sin(angle), xp.cos(angle))
