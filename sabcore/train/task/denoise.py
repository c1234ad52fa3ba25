"""The denoise task: ten symbols stand anywhere in a long blank stretch; find them, and say them in order."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sabcore.array.checks import check_whole
from sabcore.train.task.base import Batch
from sabcore.train.task.checks import check_positive
from sabcore.train.task.classes import Classification
from sabcore.train.task.copy import BLANK, LONGEST, MARKER, RECALL, SYMBOLS, draw_codes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class DenoiseTask(Classification):
    """T + 20 steps: T + 9 with 10 symbols out of 8 at random places and blanks elsewhere, a marker, 10 recall steps.

    The copy task's codes, loss and accuracy; what is new is that nothing but their look tells the symbols from the
    wait, so that a model cannot count its way to them.

    Raises:
        ConfigError: a field outside its range.

    Source: Jing et al., Gated Orthogonal Recurrent Units (2017, arXiv 1706.02761), section 4.2.
    """

    T: int = 20
    recall_weight: float = 1.0

    name = "denoise"
    input_size = output_size = SYMBOLS + 2
    chance = 1 / SYMBOLS

    def __post_init__(self) -> None:
        check_whole("T", self.T, 1, LONGEST)
        check_positive("recall_weight", self.recall_weight, 1e6)

    @property
    def floor(self) -> float:
        """Who knows when to answer but not what."""
        answers = RECALL * self.recall_weight
        return answers * math.log(SYMBOLS) / (self.T + RECALL + answers)

    def batch(self, seed: int, step: int, batch_size: int, dtype: str) -> Batch:
        """x (T+20,B,10), target weight scored (T+20,B), from a generator of this seed and step alone."""
        rng, before = np.random.default_rng([seed, step]), self.T + RECALL - 1
        symbols = rng.integers(1, SYMBOLS + 1, (RECALL, batch_size))
        places = np.sort(rng.random((before, batch_size)).argsort(axis=0)[:RECALL], axis=0)
        codes = np.full((self.T + 2 * RECALL, batch_size), BLANK)
        np.put_along_axis(codes, places, symbols, axis=0)
        codes[before] = MARKER
        target = np.full_like(codes, BLANK)
        target[-RECALL:] = symbols
        scored = np.zeros(codes.shape, dtype=bool)
        scored[-RECALL:] = True
        weight = np.where(scored, self.recall_weight, 1.0).astype(dtype)
        return Batch(np.eye(self.input_size, dtype=dtype)[codes], target, weight, scored)

    def draw(self, axes: Axes, batch: Batch) -> None:
        """One row for what is shown and one for what is asked of each of the first sequences."""
        draw_codes(axes, batch, "one_hot")
