"""What a task is: batches that depend on a seed and a step alone, a loss, a measure of success, and a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from sabcore.array.library import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class Batch(NamedTuple):
    """What one step trains on, time first."""

    x: Array  # (T,B,I) inputs
    target: Array  # (T,B) classes, or (T,B,O) numbers
    weight: Array  # (T,B) of each step in the loss
    scored: Array  # (T,B) bool: the answers that the metric looks at

    def to(self, xp: object) -> Batch:
        """The same batch as arrays of `xp`, NumPy or CuPy."""
        return self if xp is np else Batch(*(xp.asarray(array) for array in self))  # type: ignore[attr-defined]


class Task(Protocol):
    """A frozen dataclass whose fields say which task it is; see `CopyTask`.

    One with a field `T`, the length that makes it hard, can be learned under a curriculum.
    """

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
    def metric(self) -> str:
        """What `measure` measures: "accuracy" or "error"."""

    @property
    def higher_is_better(self) -> bool:
        """Of the metric."""

    @property
    def chance(self) -> float:
        """The metric of a guess."""

    @property
    def floor(self) -> float:
        """The loss of the best guess that knows the task but remembers nothing."""

    def batch(self, seed: int, step: int, batch_size: int, dtype: str) -> Batch:
        """The batch of that step, the same whatever came before. Step 0 is never trained on: it is for evaluation."""

    def loss(self, y: Array, batch: Batch) -> tuple[Array, Array]:
        """y (T,B,O) -> loss (), dy (T,B,O)."""

    def measure(self, y: Array, batch: Batch) -> float:
        """y (T,B,O) -> the metric. One number leaves the device, knowingly."""

    def draw(self, axes: Axes, batch: Batch) -> None:
        """A picture of the first sequences of a batch, for somebody who wants to see what is learned."""
