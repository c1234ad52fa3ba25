"""What a forward pass leaves behind."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from sabcore.engine.cpu.buffers import TapeBuffers, tape_buffers
from sabcore.engine.cpu.plan import Plan
from sabcore.engine.cpu.pool import Loan


class CPUTape:
    """The record of one forward pass, in buffers on `loan` from the pool.

    `x` (T,B,I) is the array that was given, not a copy. `h`, `c`, `hhat`, `s` (T,B,H; `s` None in a plain LSTM) are
    copies made when asked for. `recompute`: the gates were not kept, and the backward pass makes them again.
    """

    engine: ClassVar[str] = "cpu"

    def __init__(self, plan: Plan, x: np.ndarray, recompute: bool) -> None:
        gate_steps = min(plan.P, plan.T) if recompute else plan.T
        key = ("tape", plan, x.dtype.str, gate_steps)
        self.plan, self.x = plan, x
        self.loan = Loan(key, lambda: tape_buffers(plan, x.dtype, gate_steps))

    @property
    def buffers(self) -> TapeBuffers:
        """The arrays, for as long as somebody refers to the loan."""
        return self.loan.buffers

    @property
    def recompute(self) -> bool:
        """True if the gates were not kept."""
        return self.buffers.gates.shape[1] < self.plan.T

    @property
    def h(self) -> np.ndarray:
        """(T,B,H), the hidden states of steps 1..T."""
        return self._by_time(self.buffers.h[:, 1:])

    @property
    def c(self) -> np.ndarray:
        """(T,B,H), the cell states of steps 1..T."""
        return self._by_time(self.buffers.c[:, 1:])

    @property
    def hhat(self) -> np.ndarray:
        """(T,B,H), the provisional states of steps 1..T: h before the summary is added."""
        return self._by_time(self.buffers.hhat) if self.plan.memory else self.h

    @property
    def s(self) -> np.ndarray | None:
        """(T,B,H), the summaries; None in a plain LSTM."""
        return self._by_time(self.buffers.s) if self.plan.memory else None

    @property
    def nbytes(self) -> int:
        """The memory that the tape holds, in bytes, x left out."""
        return sum(buffer.nbytes for buffer in self.buffers)

    def _by_time(self, of_blocks: np.ndarray) -> Any:
        """(blocks,T,R,H) -> a copy (T,B,H), without the padding."""
        blocks, T, R, H = of_blocks.shape
        return of_blocks.transpose(1, 0, 2, 3).reshape(T, blocks * R, H)[:, : self.plan.B].copy()
