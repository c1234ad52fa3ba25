"""A curriculum over T: short sequences first, longer ones as they are learned, and lengths mixed all the while."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sabcore.array.checks import check_whole
from sabcore.errors import ConfigError


@dataclass(frozen=True)
class Curriculum:
    """How T grows from `start` to the task's own, and which lengths are practised on the way and after.

    When the mean metric of the last `window` batches is good `enough`, T becomes `growth` times as long. While it
    grows, half of the batches have length T and half a length uniform in [start, spread T]; once the task's T is
    reached, lengths are log-uniform in [start, longest], and the learning rate starts to fall.

    Raises:
        ConfigError: a field outside its range.
    """

    start: int = 5
    growth: float = 1.25
    enough: float = 0.9
    window: int = 25
    spread: float = 2.0
    longest: int = 400

    def __post_init__(self) -> None:
        for name in ("start", "window", "longest"):
            check_whole(name, getattr(self, name), 1, 10**9)
        for name, least in (("growth", 1), ("enough", 0), ("spread", 1)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not least < value <= 1000:
                raise ConfigError(f"{name} is {value!r}, but should be a number greater than {least}, at most 1000")

    def grown(self, T: int, goal: int) -> int:
        """The length after T; at least one more, and never more than `goal`."""
        return min(goal, max(T + 1, round(self.growth * T)))

    def draw(self, T: int, falling: bool, goal: int, rng: np.random.Generator) -> int:
        """The length of one batch of a model that practises T on its way to `goal`."""
        low = min(self.start, goal)
        if falling:
            return round(math.exp(rng.uniform(math.log(low), math.log(max(low, self.longest)))))
        if rng.random() < 0.5:
            return T
        return int(rng.integers(low, max(low, round(self.spread * T)), endpoint=True))


@dataclass(frozen=True)
class Progress:
    """Where one model stands.

    Attributes:
        T: the length it practises; None where there is no curriculum.
        recent: the metric on the latest batches since T last moved, at most a window of them.
        since: updates since T last moved.
        fallen: updates since the learning rate began to fall; None while it holds.
    """

    T: int | None = None
    recent: tuple[float, ...] = ()
    since: int = 0
    fallen: int | None = None

    def after(self, metric: float, curriculum: Curriculum, goal: int, higher_is_better: bool) -> Progress:
        """The progress after one more batch of that metric, while T is growing."""
        assert self.T is not None
        recent = (*self.recent, metric)[-curriculum.window :]
        if len(recent) < curriculum.window or not _good(recent, curriculum.enough, higher_is_better):
            return replace(self, recent=recent, since=self.since + 1)
        T = curriculum.grown(self.T, goal)
        return Progress(T, fallen=0 if T == goal else None)


def _good(recent: Sequence[float], enough: float, higher_is_better: bool) -> bool:
    mean = sum(recent) / len(recent)
    return mean >= enough if higher_is_better else mean <= enough
