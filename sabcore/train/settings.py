"""What a run is made with, besides its models, and what follows from it for a step of one of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from sabcore.array.checks import check_whole
from sabcore.errors import ConfigError
from sabcore.train.curriculum import Curriculum, Progress
from sabcore.train.optim import Adam
from sabcore.train.outliers import Outliers
from sabcore.train.task import Batch, Task, task_from_dict, task_to_dict

#: Whole numbers beyond these are a slip of the finger, or a forged checkpoint.
LARGEST = {"batch_size": 65_536, "seed": 2**64, "hold": 10**9, "decay": 10**9}
#: Tells the generator of a batch's length from that of its data.
LENGTH = 1


@dataclass(frozen=True)
class Settings:
    """What a run is made with, besides its models.

    `hold`: after so many updates the learning rate falls, linearly, to zero over `decay` more, and the model is done;
    with a curriculum it holds until the task's own length is reached. Without `decay` it holds for ever: SAB, whose
    1/S is steep near ties, then forgets and relearns. `patience`: by model, after how many updates without a move of T
    it begins again from a new seed; one that is not named never does. `average`: models are evaluated with a moving
    average of their weights, `average` parts of the last one and the rest of the new weights after every update.
    `outliers`: which updates are skipped for the length of their gradient; none without it.

    Raises:
        ConfigError: a number out of range, or options that do not go together.
    """

    task: Task
    batch_size: int
    learning_rate: float
    seed: int
    dtype: str
    clip_norm: float
    hold: int | None = None
    decay: int | None = None
    curriculum: Curriculum | None = None
    patience: Mapping[str, int] = field(default_factory=dict)
    average: float | None = None
    outliers: Outliers | None = None

    def __post_init__(self) -> None:
        if self.dtype not in ("float32", "float64"):
            raise ConfigError(f"dtype is {self.dtype!r}, but should be 'float32' or 'float64'")
        for name, most in LARGEST.items():
            value, least = getattr(self, name), 0 if name == "seed" else 1
            if value is None and name in ("hold", "decay"):
                continue
            check_whole(name, value, least, most)
        for name in ("learning_rate", "clip_norm"):
            _check_positive(name, getattr(self, name), self.dtype)
        if self.average is not None and not _is_between_0_and_1(self.average):
            raise ConfigError(f"average is {self.average!r}, but should be null or a number between 0 and 1, as 0.99")
        for name, value in self.patience.items():
            check_whole(f"patience with {name}", value, 1)
        self._check_schedule()

    def _check_schedule(self) -> None:
        if self.curriculum is None and (self.hold is None) != (self.decay is None):
            raise ConfigError("hold and decay go together: for how long the learning rate holds, and then falls")
        if self.curriculum is not None and (self.hold is not None or self.decay is None):
            raise ConfigError("with a curriculum the learning rate holds until T is reached: give decay, and no hold")
        if self.curriculum is not None and self.goal is None:
            raise ConfigError(f"task {self.task.name!r} has no length T that a curriculum could grow")
        if self.curriculum is not None and self.goal is not None and self.curriculum.longest < self.goal:
            raise ConfigError(
                f"longest is {self.curriculum.longest}, but should be at least {self.goal}, the task's T: "
                "shorter sequences alone would be practised at the end"
            )

    @property
    def goal(self) -> int | None:
        """The task's own length, if it has one."""
        return getattr(self.task, "T", None)

    @property
    def beginning(self) -> Progress:
        """Where every model stands at first."""
        if self.curriculum is None or self.goal is None:
            return Progress()
        T = min(self.curriculum.start, self.goal)
        return Progress(T, fallen=0 if T == self.goal else None)

    def optimiser(self, progress: Progress) -> Adam:
        """Adam at the learning rate of that progress."""
        if self.decay is None or progress.fallen is None:
            return Adam(self.learning_rate)
        return Adam(self.learning_rate * (1 - progress.fallen / self.decay))

    def length(self, step: int, progress: Progress) -> int | None:
        """The T of that step's batch; None for the task's own."""
        if self.curriculum is None or self.goal is None or progress.T is None:
            return None
        rng = np.random.default_rng([self.seed, step, LENGTH])
        return self.curriculum.draw(progress.T, progress.fallen is not None, self.goal, rng)

    def batch(self, step: int, length: int | None) -> Batch:
        """The batch of that step and length: the same for every model, whatever came before."""
        task = self.task if length is None else replace(self.task, T=length)  # type: ignore[type-var]
        return task.batch(self.seed, step, self.batch_size, self.dtype)

    def advance(self, progress: Progress, metric: float) -> Progress:
        """The progress after an update on a batch of that metric."""
        if progress.fallen is not None:
            return replace(progress, fallen=progress.fallen + 1)
        if self.curriculum is not None and self.goal is not None:
            return progress.after(metric, self.curriculum, self.goal, self.task.higher_is_better)
        since = progress.since + 1
        return replace(progress, since=since, fallen=0 if since == self.hold else None)

    def is_done(self, progress: Progress) -> bool:
        """True once the learning rate has fallen to zero."""
        return progress.fallen is not None and progress.fallen == self.decay

    def is_stuck(self, name: str, progress: Progress) -> bool:
        """True if the T of the model of that name did not move for as long as there is patience with it."""
        waits = self.curriculum is not None and progress.fallen is None and name in self.patience
        return waits and progress.since >= self.patience[name]

    def to_dict(self) -> dict[str, Any]:
        """Every field, JSON-ready; `outliers` only where there are any, so that older runs stay what they were."""
        fields = {one.name: getattr(self, one.name) for one in dataclasses.fields(self)}
        curriculum = None if self.curriculum is None else dataclasses.asdict(self.curriculum)
        patience = dict(self.patience)
        described = {**fields, "task": task_to_dict(self.task), "curriculum": curriculum, "patience": patience}
        if self.outliers is None:
            del described["outliers"]
        else:
            described["outliers"] = dataclasses.asdict(self.outliers)
        return described

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Settings:
        """What `to_dict` described.

        Raises:
            ConfigError, TypeError, KeyError: fields that are not its own, or bad ones.
        """
        fields = {"outliers": None, **fields}
        _check_complete("settings", cls, fields)
        made: dict[str, Any] = {"task": task_from_dict(fields["task"])}
        for name, part in (("curriculum", Curriculum), ("outliers", Outliers)):
            if fields[name] is not None:
                _check_complete(name, part, fields[name])
                made[name] = part(**fields[name])
        return cls(**{**fields, **made})


def _check_complete(what: str, cls: Any, fields: Mapping[str, Any]) -> None:
    """A default of today must not stand in for what a checkpoint of another day does not say."""
    if missing := {one.name for one in dataclasses.fields(cls)} - set(fields):
        raise ConfigError(f"the {what} lack {', '.join(sorted(missing))}")


def _is_between_0_and_1(value: object) -> bool:
    return isinstance(value, float) and 0 < value < 1


def _check_positive(name: str, value: object, dtype: str) -> None:
    """A number that is positive and finite in the run's own precision, too."""
    least, most = float(np.finfo(dtype).tiny), float(np.finfo(dtype).max)
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise ConfigError(
            f"{name} is {value!r}, but should be a finite number greater than 0, {least:.3g} to {most:.3g} in {dtype}"
        )
