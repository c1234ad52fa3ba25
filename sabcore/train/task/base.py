"""What a task is: batches that depend on a seed and a step alone, a loss, and the share of right answers."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from sabcore.array.library import Array


class Batch(NamedTuple):
    """x (T,B,I) inputs, target (T,B) classes, weight (T,B) of each step in the loss, scored (T,B) bool: the answers."""

    x: Array
    target: Array
    weight: Array
    scored: Array

    def to(self, xp: object) -> Batch:
        """The same batch as arrays of `xp`, NumPy or CuPy."""
        return self if xp is np else Batch(*(xp.asarray(array) for array in self))  # type: ignore[attr-defined]


class Task(Protocol):
    """A frozen dataclass whose fields say which task it is; see `CopyTask`."""

    @property
    def name(self) -> str:
        """The name in `TASKS`."""

    @property
    def input_size(self) -> int:
        """I."""

    @property
    def output_size(self) -> int:
        """O."""

    @property
    def chance(self) -> float:
        """The accuracy of a guess."""

    def batch(self, seed: int, step: int, batch_size: int, dtype: str) -> Batch:
        """The batch of that step, the same whatever came before. Step 0 is never trained on: it is for evaluation."""

    def loss(self, y: Array, batch: Batch) -> tuple[Array, Array]:
        """y (T,B,O) -> loss (), dy (T,B,O)."""


def accuracy(y: Array, batch: Batch) -> float:
    """y (T,B,O) -> the share of the scored answers that are right. One number leaves the device, knowingly."""
    right = (y.argmax(axis=-1) == batch.target) & batch.scored
    return right.sum().item() / batch.scored.sum().item()
