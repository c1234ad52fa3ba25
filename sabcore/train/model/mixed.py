"""The threshold rule as PyTorch before 0.5 ran the released code: sequences of a batch take each other's thresholds.

The released code subtracts (B,) thresholds from scores of (B,N) and divides by (B,) sums. PyTorch 0.1.12 paired
elements of the first flat, so that score (b, n) met the threshold of sequence (b N + n) mod B; 0.2 to 0.4 paired the
sums so too.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sabcore.array.library import Array
from sabcore.step.sparsify import ranking


def mixed_rows(N: int, B: int) -> np.ndarray:
    """(N,B): which sequence's number meets slot n of sequence b, where (B,) is repeated N times and viewed as (B,N)."""
    return (np.arange(B) * N + np.arange(N)[:, None]) % B


class MixedThreshold(NamedTuple):
    """The threshold, the sum, or both, of the sequence that `mixed_rows` says; selects every slot.

    v_jb = max(0, a_jb - theta_b' - margin),   w_jb = v_jb / S_b'',   b' and b'' mixed or b
    """

    rank: int
    margin: float
    eps: float
    theta_mixed: bool
    sum_mixed: bool

    def select(self, a: Array) -> None:
        return None

    def weights(self, a: Array) -> Array:
        v, S = self._excess_and_sum(a)
        return v / S

    def backward(self, dw: Array, a: Array, w: Array) -> Array:
        v, S = self._excess_and_sum(a)
        dS = self._of_each_sequence(-dw * w / S, self.sum_mixed)
        dv = np.where(v > 0, dw / S + dS[..., None, :], 0)
        da, best = dv.copy(), ranking(a)[self.rank - 1]
        da[..., best, np.arange(a.shape[1])] -= self._of_each_sequence(dv, self.theta_mixed)
        return da

    def _excess_and_sum(self, a: Array) -> tuple[Array, Array]:
        theta = np.take_along_axis(a, ranking(a)[self.rank - 1 : self.rank], axis=0)[0]
        v = np.maximum(0, a - self._for_each_slot(theta, a, self.theta_mixed) - self.margin)
        return v, self._for_each_slot(v.sum(axis=0) + self.eps, a, self.sum_mixed)

    def _for_each_slot(self, value: Array, a: Array, mixed: bool) -> Array:
        """A number a sequence (B,) -> the one that each slot meets (N,B)."""
        return value[mixed_rows(*a.shape)] if mixed else np.broadcast_to(value, a.shape)

    def _of_each_sequence(self, value: Array, mixed: bool) -> Array:
        """The way back: a gradient for each slot (L,N,B) -> for each sequence (L,B)."""
        if not mixed:
            return value.sum(axis=-2)
        L, N, B = value.shape
        total, rows = np.zeros((L, B), value.dtype), mixed_rows(N, B)
        for row in range(B):
            total[:, row] = value[:, rows == row].sum(axis=1)
        return total
