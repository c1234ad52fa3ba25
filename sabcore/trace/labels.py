"""What a gradient is sorted by on its way back: K labels, and how a label changes when the gradient enters a memory.

Gradients with different labels never mix, so that their sum over labels is the gradient itself.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np


class Labels(Protocol):
    """`names`: one a label, K of them."""

    @property
    def names(self) -> tuple[str, ...]: ...

    def of_loss(self, t: int) -> int:
        """The label, 0..K-1, of what the loss at step t injects."""
        ...

    def through_memory(self, d: np.ndarray) -> np.ndarray:
        """d (K,...) of a read -> (K,...) of the slot that was read."""
        ...


class BySource(NamedTuple):
    """The loss step that a gradient comes from: label k is step `steps[k]`, and one more label all other steps."""

    steps: tuple[int, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return (*(f"loss at step {t}" for t in self.steps), "all other steps")

    def of_loss(self, t: int) -> int:
        return self.steps.index(t) if t in self.steps else len(self.steps)

    def through_memory(self, d: np.ndarray) -> np.ndarray:
        return d

    @classmethod
    def spread(cls, dy: np.ndarray, most: int = 64) -> BySource:
        """At most so many steps of dy (T,O) with a loss at all, evenly spread over them; all, if they are no more."""
        steps = 1 + np.flatnonzero(np.abs(dy).max(axis=-1))
        if len(steps) > most:
            steps = steps[np.linspace(0, len(steps) - 1, most).round().astype(int)]
        return cls(tuple(steps.tolist()))


class ByHops(NamedTuple):
    """How many memories a gradient went through; label `most` is that many or more."""

    most: int = 8

    @property
    def names(self) -> tuple[str, ...]:
        counts = [f"{n} memor{'y' if n == 1 else 'ies'}" for n in range(self.most)]
        return (*counts, f"{self.most} or more")

    def of_loss(self, t: int) -> int:
        return 0

    def through_memory(self, d: np.ndarray) -> np.ndarray:
        moved = np.concatenate((np.zeros_like(d[:1]), d[:-1]))
        moved[-1] += d[-1]
        return moved
