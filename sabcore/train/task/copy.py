"""The copy task: see ten symbols, wait, and say them again in order."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from sabcore.array.checks import check_whole
from sabcore.train.task.base import Batch
from sabcore.train.task.checks import check_choice, check_positive
from sabcore.train.task.classes import Classification

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Encoding = Literal["one_hot", "number"]
Marker = Literal["before", "on"]

SYMBOLS = 8
RECALL = 10
BLANK, MARKER = 0, 9  # the symbols are 1 to 8
LONGEST = 100_000


@dataclass(frozen=True)
class CopyTask(Classification):
    """T + 20 steps: 10 symbols out of 8, a wait with a marker at its end, and 10 steps at which they are recalled.

    The target is blank until the recall and then the 10 symbols in order. The loss is the mean over all steps, a
    recall step counting `recall_weight` times; the accuracy counts the 10 recall steps alone, where a guess is right
    one time in 8.

    Attributes:
        T: the steps between a symbol and its recall, less 10.
        recall_weight: 1 in the paper. More keeps the blanks, T + 10 of them, from drowning the answers.
        encoding: `one_hot` over the 10 codes, or `number`, the code itself as one input, as the released code has it.
        marker: the first answer comes on the step after the marker (`before`), or with it (`on`); both are in use.

    Raises:
        ConfigError: a field outside its range.

    Source: Hochreiter and Schmidhuber (1997), in the form of Arjovsky et al. (ICML 2016), which Ke et al. (2018) use.
    """

    T: int = 20
    recall_weight: float = 1.0
    encoding: Encoding = "one_hot"
    marker: Marker = "before"

    name = "copy"
    output_size = SYMBOLS + 2
    chance = 1 / SYMBOLS

    def __post_init__(self) -> None:
        check_whole("T", self.T, 1, LONGEST)
        check_positive("recall_weight", self.recall_weight, 1e6)
        check_choice("encoding", self.encoding, get_args(Encoding))
        check_choice("marker", self.marker, get_args(Marker))

    @property
    def input_size(self) -> int:
        """10 codes, or one number."""
        return SYMBOLS + 2 if self.encoding == "one_hot" else 1

    @property
    def length(self) -> int:
        """Steps of a sequence."""
        return self.T + 2 * RECALL

    @property
    def floor(self) -> float:
        """Who knows when to answer but not what: `10 ln 8` over T + 20 steps of equal weight."""
        answers = RECALL * self.recall_weight
        return answers * math.log(SYMBOLS) / (self.length - RECALL + answers)

    def batch(self, seed: int, step: int, batch_size: int, dtype: str) -> Batch:
        """x (T+20,B,I), target weight scored (T+20,B), from a generator of this seed and step alone."""
        symbols = np.random.default_rng([seed, step]).integers(1, SYMBOLS + 1, (RECALL, batch_size))
        codes = np.full((self.length, batch_size), BLANK)
        codes[:RECALL] = symbols
        codes[-RECALL - (self.marker == "before")] = MARKER
        target = np.full_like(codes, BLANK)
        target[-RECALL:] = symbols
        scored = np.zeros(codes.shape, dtype=bool)
        scored[-RECALL:] = True
        weight = np.where(scored, self.recall_weight, 1.0).astype(dtype)
        x = np.eye(SYMBOLS + 2, dtype=dtype)[codes] if self.encoding == "one_hot" else codes[..., None].astype(dtype)
        return Batch(x, target, weight, scored)

    def draw(self, axes: Axes, batch: Batch) -> None:
        """One row for what is shown and one for what is asked of each of the first sequences."""
        draw_codes(axes, batch, self.encoding)


def draw_codes(axes: Axes, batch: Batch, encoding: Encoding, sequences: int = 4) -> None:
    """Codes shown and codes asked for, as rows of colours with the symbols written in."""
    x = batch.x[:, :sequences]
    shown = x.argmax(axis=-1) if encoding == "one_hot" else x[..., 0].round().astype(int)
    rows = [row for pair in zip(shown.T, batch.target[:, :sequences].T, strict=True) for row in pair]
    axes.imshow(np.stack(rows), cmap="tab10", vmin=-0.5, vmax=9.5, aspect="auto", interpolation="nearest")
    axes.set_yticks(range(len(rows)), ["shown", "asked"] * (len(rows) // 2))
    axes.set_xlabel("step (blank 0, symbols 1 to 8, marker 9)")
    for i, row in enumerate(rows):
        for t, code in enumerate(row):
            if code != BLANK and len(row) <= 80:
                axes.text(t, i, str(code), ha="center", va="center", fontsize=7)
