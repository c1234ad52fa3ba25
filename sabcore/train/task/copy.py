"""The copy task: see ten symbols, wait, and say them again in order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sabcore.array.library import Array
from sabcore.errors import ConfigError
from sabcore.train.loss import softmax_cross_entropy, softmax_cross_entropy_backward
from sabcore.train.task.base import Batch

SYMBOLS = 8
RECALL = 10
BLANK, MARKER = 0, 9  # the symbols are 1 to 8
LONGEST = 100_000


@dataclass(frozen=True)
class CopyTask:
    """T + 20 steps: 10 symbols out of 8, T - 1 blanks, a marker, and 10 blanks during which the symbols are recalled.

    Inputs are one-hot over the 10 codes. The target is blank until the marker has passed and then the 10 symbols in
    order. The loss is the mean over all steps, as in the paper; the accuracy counts the 10 recall steps alone, where a
    guess is right one time in 8.

    Raises:
        ConfigError: `T` is not a whole number from 1 to 100 000.

    Source: Hochreiter and Schmidhuber (1997), in the form of Arjovsky et al. (ICML 2016), which Ke et al. (2018) use.
    """

    T: int = 20

    name = "copy"
    input_size = SYMBOLS + 2
    output_size = SYMBOLS + 2
    chance = 1 / SYMBOLS

    def __post_init__(self) -> None:
        if isinstance(self.T, bool) or not isinstance(self.T, int) or not 1 <= self.T <= LONGEST:
            raise ConfigError(f"T is {self.T!r}, but should be a whole number from 1 to {LONGEST}")

    @property
    def length(self) -> int:
        """Steps of a sequence."""
        return self.T + 2 * RECALL

    def batch(self, seed: int, step: int, batch_size: int, dtype: str) -> Batch:
        """x (T+20,B,10), target weight scored (T+20,B), from a generator of this seed and step alone."""
        symbols = np.random.default_rng([seed, step]).integers(1, SYMBOLS + 1, (RECALL, batch_size))
        codes = np.full((self.length, batch_size), BLANK)
        codes[:RECALL] = symbols
        codes[-RECALL - 1] = MARKER
        target = np.full_like(codes, BLANK)
        target[-RECALL:] = symbols
        scored = np.zeros(codes.shape, dtype=bool)
        scored[-RECALL:] = True
        return Batch(np.eye(self.input_size, dtype=dtype)[codes], target, np.ones(codes.shape, dtype), scored)

    def loss(self, y: Array, batch: Batch) -> tuple[Array, Array]:
        """The mean cross-entropy over every step, and its gradient."""
        loss, cache = softmax_cross_entropy(y, batch.target, batch.weight)
        return loss, softmax_cross_entropy_backward(1.0, cache)
