"""The adding task: two numbers of a long row are marked; say their sum at the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from sabcore.array.checks import check_whole
from sabcore.array.library import Array, array_module
from sabcore.train.loss import mean_squared_error, mean_squared_error_backward
from sabcore.train.task.base import Batch
from sabcore.train.task.checks import check_choice
from sabcore.train.task.copy import LONGEST

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Answer = Literal["sum", "half"]


@dataclass(frozen=True)
class AddingTask:
    """T steps of two inputs: a number, uniform in [0, 1], and a mark, 1 at one step of each half and 0 elsewhere.

    The answer is asked for at the last step alone: the `sum` of the two marked numbers, or `half` of it; both are in
    use, and their errors differ by a factor of 4. Loss and metric are the mean squared error.

    Raises:
        ConfigError: a field outside its range.

    Source: Hochreiter and Schmidhuber (1997), in the form of Arjovsky et al. (ICML 2016).
    """

    T: int = 100
    answer: Answer = "sum"

    name = "adding"
    input_size = 2
    output_size = 1
    metric = "error"
    higher_is_better = False

    def __post_init__(self) -> None:
        check_whole("T", self.T, 2, LONGEST)
        check_choice("answer", self.answer, get_args(Answer))

    @property
    def chance(self) -> float:
        """The error of always guessing the mean: the variance of the answer, 2/12 of a sum."""
        return 1 / 6 if self.answer == "sum" else 1 / 24

    @property
    def floor(self) -> float:
        """The same: the loss is the error."""
        return self.chance

    def batch(self, seed: int, step: int, batch_size: int, dtype: str) -> Batch:
        """x (T,B,2), target (T,B,1), weight scored (T,B), from a generator of this seed and step alone."""
        rng, T, rows = np.random.default_rng([seed, step]), self.T, np.arange(batch_size)
        x = np.zeros((T, batch_size, 2))
        x[..., 0] = rng.uniform(size=(T, batch_size))
        for low, high in ((0, T // 2), (T // 2, T)):
            x[rng.integers(low, high, batch_size), rows, 1] = 1
        x = x.astype(dtype)
        target = np.zeros((T, batch_size, 1), dtype)
        target[-1, :, 0] = (x[..., 0] * x[..., 1]).sum(axis=0) * (1.0 if self.answer == "sum" else 0.5)
        scored = np.zeros((T, batch_size), dtype=bool)
        scored[-1] = True
        return Batch(x, target, scored.astype(dtype), scored)

    def loss(self, y: Array, batch: Batch) -> tuple[Array, Array]:
        """The mean squared error at the last step, and its gradient."""
        loss, cache = mean_squared_error(y, batch.target, batch.weight)
        return loss, mean_squared_error_backward(1.0, cache)

    def measure(self, y: Array, batch: Batch) -> float:
        """The mean squared error of the answers."""
        squares = array_module(y).square(y - batch.target)[batch.scored]
        return squares.mean().item()

    def draw(self, axes: Axes, batch: Batch) -> None:
        """The first sequence's numbers, those marked, and the answer."""
        numbers, marked = batch.x[:, 0, 0], batch.x[:, 0, 1] > 0
        steps = np.arange(1, len(numbers) + 1)
        axes.plot(steps, numbers, color="#bbbbbb", linewidth=1)
        axes.plot(steps[marked], numbers[marked], "o", color="#d1495b", label="marked")
        axes.plot(steps[-1:], batch.target[-1, 0], "*", color="#30638e", markersize=12, label="answer")
        axes.set_xlabel("step")
        axes.legend(frameon=False)
