"""What the CUDA engine's forward pass leaves for its backward pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sabcore.array.library import Array


@dataclass(frozen=True)
class CudaTape:
    """O(T (H + A + k_top)) numbers a batch row, all on the device.

    `h_all`, `c_all` (T+1,B,H): row t is the state of step t, row 0 the initial one. `hhat` (T,B,H): provisional
    states. `s` (T,B,H): summaries, None in a plain LSTM. `gates` (T,B,4H): activated, in the order i f g o. `q`
    (T,B,U): queries. `keys` (N,B,U): as `sabcore.engine.cuda.score` keeps them, with its marks `far` (N,B). `counts`
    (T,B): how many slots each step read; as many of the first `cap` of `slots` and `slot_scores` (T,B,cap) are set,
    none where a step read more than that.
    """

    engine: ClassVar[str] = "cuda"

    x: Array
    h_all: Array
    c_all: Array
    hhat: Array
    s: Array | None
    gates: Array
    q: Array
    keys: Array
    far: Array
    slots: Array
    slot_scores: Array
    counts: Array

    @property
    def h(self) -> Array:
        """(T,B,H), the hidden states of steps 1..T."""
        return self.h_all[1:]

    @property
    def c(self) -> Array:
        """(T,B,H), the cell states of steps 1..T."""
        return self.c_all[1:]
