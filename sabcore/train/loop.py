"""The training loop: several models side by side on the same batches, and nothing non-finite let in.

Everything here is a value: a step takes a `Snapshot` and returns the next one, and the data of a step depends on the
seed and the step alone. That is what makes a resumed run equal an uninterrupted one bit for bit.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sabcore.array.checks import first_non_finite
from sabcore.array.library import Array
from sabcore.engine import backward, forward
from sabcore.errors import ConfigError, TrainingError
from sabcore.model.config import SABConfig
from sabcore.model.params import Params, init_params
from sabcore.train.optim import Adam, State, clip_by_global_norm
from sabcore.train.task import Batch, Task, accuracy

#: After so many steps in a row that had to be skipped, training stops.
PATIENCE = 10


@dataclass(frozen=True)
class Settings:
    """What a run is made with, besides its models.

    Raises:
        ConfigError: a batch size or seed that is not a whole number in range, or a rate or norm that is not positive.
    """

    task: Task
    batch_size: int
    learning_rate: float
    seed: int
    dtype: str
    clip_norm: float
    hold: int | None = None

    def __post_init__(self) -> None:
        whole = {"batch_size": 1, "seed": 0} | ({} if self.hold is None else {"hold": 1})
        for name, least in whole.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise ConfigError(f"{name} is {value!r}, but should be a whole number, at least {least}")
        for name in ("learning_rate", "clip_norm"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
                raise ConfigError(f"{name} is {value!r}, but should be a finite number greater than 0")
        if self.dtype not in ("float32", "float64"):
            raise ConfigError(f"dtype is {self.dtype!r}, but should be 'float32' or 'float64'")

    @property
    def optimiser(self) -> Adam:
        """Adam at the run's learning rate, which falls after `hold` updates."""
        return Adam(self.learning_rate, hold=self.hold)


@dataclass(frozen=True)
class Learner:
    """One model in training: parameters, optimiser state, and how many steps were skipped, in all and in a row."""

    name: str
    config: SABConfig
    params: Params
    state: State
    skipped: int = 0
    in_a_row: int = 0


@dataclass(frozen=True)
class Snapshot:
    """All of a run after `step` steps; with the settings, the whole future."""

    step: int
    learners: tuple[Learner, ...]


def start(settings: Settings, configs: Mapping[str, SABConfig], xp: Any = np) -> Snapshot:
    """Step 0: fresh models, all from the settings' seed, with their arrays in `xp`, NumPy or CuPy."""
    learners = []
    for name, config in configs.items():
        params = init_params(config, settings.seed, settings.dtype)
        params = {key: xp.asarray(value) for key, value in params.items()}
        learners.append(Learner(name, config, params, settings.optimiser.init(params)))
    return Snapshot(0, tuple(learners))


def train(settings: Settings, snapshot: Snapshot, steps: int, xp: Any = np) -> Iterator[tuple[Snapshot, dict]]:
    """From `snapshot` to step `steps`: after each step the new snapshot and its record, JSON-ready.

    A record is `{"step": k, NAME: {"loss", "accuracy", "norm", "skipped"}, ...}`: the gradient's norm before clipping,
    and the tensor for whose sake the step was skipped. A value that is not finite is recorded as None.

    Raises:
        TrainingError: `PATIENCE` steps in a row had to be skipped, or the memory does not suffice.
    """
    for step in range(snapshot.step + 1, steps + 1):
        try:
            batch = settings.task.batch(settings.seed, step, settings.batch_size, settings.dtype).to(xp)
            results = [learn(learner, batch, settings) for learner in snapshot.learners]
        except MemoryError as error:
            raise TrainingError(f"step {step} does not fit into memory; a smaller batch or model might") from error
        snapshot = Snapshot(step, tuple(learner for learner, _ in results))
        for learner, report in results:
            _stop_if_hopeless(learner, report["skipped"], step)
        yield snapshot, {"step": step, **{learner.name: report for learner, report in results}}


def learn(learner: Learner, batch: Batch, settings: Settings) -> tuple[Learner, dict]:
    """One step of one model: the learner after it, and what `train` records of it.

    The step counts only if the loss, every gradient, and all that would be kept are finite; else the parameters and
    the optimiser stay as they were, to the bit.
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # what overflows is found below
        y, tape = forward(learner.config, learner.params, batch.x)
        loss, dy = settings.task.loss(y, batch)
        report: dict = {"loss": _finite(loss.item()), "accuracy": accuracy(y, batch), "norm": None, "skipped": None}
        if report["loss"] is None:
            return _skip(learner, report, "the loss")
        grads = backward(learner.config, learner.params, tape, dy)
        grads = {name: grads[name] for name in learner.params}
        if (bad := first_non_finite(grads)) is not None:
            return _skip(learner, report, f"the gradient of {bad}")
        clipped, norm = clip_by_global_norm(grads, settings.clip_norm)
        params, state = settings.optimiser.update(learner.params, clipped, learner.state)
    report["norm"] = _finite(norm)
    if (bad := first_non_finite(params) or first_non_finite(state)) is not None:
        return _skip(learner, report, f"the update of {bad}")
    return replace(learner, params=params, state=state, in_a_row=0), report


def evaluate(settings: Settings, learner: Learner, batch_size: int, xp: Any = np) -> dict[str, float | None]:
    """Loss and accuracy on `batch_size` sequences that no step trains on: those of step 0."""
    batch = settings.task.batch(settings.seed, 0, batch_size, settings.dtype).to(xp)
    y: Array = forward(learner.config, learner.params, batch.x)[0]
    return {"loss": _finite(settings.task.loss(y, batch)[0].item()), "accuracy": accuracy(y, batch)}


def _skip(learner: Learner, report: dict, tensor: str) -> tuple[Learner, dict]:
    skipped = replace(learner, skipped=learner.skipped + 1, in_a_row=learner.in_a_row + 1)
    return skipped, {**report, "skipped": tensor}


def _stop_if_hopeless(learner: Learner, tensor: str | None, step: int) -> None:
    if learner.in_a_row >= PATIENCE:
        raise TrainingError(
            f"training stopped at step {step}: {tensor} of model {learner.name} was not finite, and neither was "
            f"something in each of the {PATIENCE} steps up to here; try a smaller learning rate"
        )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
