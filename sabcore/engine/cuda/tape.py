"""What the CUDA engine's forward pass leaves for its backward pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sabcore.array.library import Array
from sabcore.engine.cuda.records import Rows


@dataclass(frozen=True)
class CudaTape:
    """O(T (H + A + k_top)) numbers a batch row, all on the device."""

    engine: ClassVar[str] = "cuda"

    x: Array  # (T,B,I)
    hidden_size: int
    rows: Rows  # its units are padded

    @property
    def h_all(self) -> Array:
        """(T+1,B,H): row t is the hidden state of step t, row 0 the initial one."""
        return self.rows.h[..., : self.hidden_size]

    @property
    def c_all(self) -> Array:
        """(T+1,B,H), the cell states."""
        return self.rows.c[..., : self.hidden_size]

    @property
    def h(self) -> Array:
        """(T,B,H), the hidden states of steps 1..T."""
        return self.h_all[1:]

    @property
    def c(self) -> Array:
        """(T,B,H), the cell states of steps 1..T."""
        return self.c_all[1:]

    @property
    def s(self) -> Array | None:
        """(T,B,H), the summaries; None in a plain LSTM."""
        return None if self.rows.s is None else self.rows.s[..., : self.hidden_size]

    @property
    def hhat(self) -> Array:
        """(T,B,H), the provisional states."""
        return self.rows.hhat[..., : self.hidden_size]
