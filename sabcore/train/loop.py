"""The training loop: several models side by side, any model on any task.

Everything here is a value: a step takes a `Snapshot` and returns the next one, and the data of a step depends on the
seed, the step and the length alone. That is what makes a resumed run equal an uninterrupted one bit for bit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sabcore.array.library import Array
from sabcore.errors import TrainingError
from sabcore.train.learner import Learner, begin, begin_again, finite, learn
from sabcore.train.model import Model
from sabcore.train.settings import Settings
from sabcore.train.task import Batch, Task

#: After so many steps in a row that had to be skipped, training stops.
PATIENCE = 10
#: Sequences that are evaluated at a time: a long sequence's tape is large.
AT_ONCE = 16


@dataclass(frozen=True)
class Snapshot:
    """All of a run after `step` steps; with the settings, the whole future."""

    step: int
    learners: tuple[Learner, ...]


def start(settings: Settings, models: Mapping[str, Model], xp: Any = np) -> Snapshot:
    """Step 0: fresh models, all from the settings' seed, with their arrays in `xp`, NumPy or CuPy."""
    return Snapshot(0, tuple(begin(name, model, settings, xp) for name, model in models.items()))


def train(settings: Settings, snapshot: Snapshot, steps: int, xp: Any = np) -> Iterator[tuple[Snapshot, dict]]:
    """From `snapshot` to step `steps`, or until every model is done: after each step the new snapshot and its record.

    A record is JSON-ready: `{"step": k, NAME: {"loss", METRIC, "norm", "skipped", ...}, ...}`, without the models that
    are done: the task's metric, the gradient's norm before clipping, why the step was skipped (the tensor that was not
    finite, or "the norm" of an outlier), under a curriculum `T`, the length practised, and `attempt`, and what the
    model reports of its gradient. A value that is not finite is recorded as None. Models of the same progress see the
    same batch.

    Raises:
        TrainingError: `PATIENCE` steps in a row had to be skipped, or the memory does not suffice.
    """
    while snapshot.step < steps and not finished(settings, snapshot):
        step = snapshot.step + 1
        try:
            snapshot, record = _step(settings, snapshot, step, xp)
        except MemoryError as error:
            raise TrainingError(f"step {step} does not fit into memory; a smaller batch or model might") from error
        for learner in snapshot.learners:
            _stop_if_hopeless(learner, record, step)
        yield snapshot, record


def finished(settings: Settings, snapshot: Snapshot) -> bool:
    """True if no model has anything left to learn: every learning rate has fallen to zero."""
    return all(settings.is_done(learner.progress) for learner in snapshot.learners)


def evaluate(
    settings: Settings, learner: Learner, sequences: int, xp: Any = np, task: Task | None = None
) -> dict[str, float | None]:
    """The loss and the metric on `sequences` sequences that no step trains on: those of step 0.

    `task`: what to evaluate on, if not what was trained.
    """
    task = task or settings.task
    batch = task.batch(settings.seed, 0, sequences, settings.dtype).to(xp)
    parts = [batch.x[:, at : at + AT_ONCE] for at in range(0, sequences, AT_ONCE)]
    y: Array = xp.concatenate([learner.model.forward(learner.judged, part)[0] for part in parts], axis=1)
    return {"loss": finite(task.loss(y, batch)[0].item()), task.metric: finite(task.measure(y, batch))}


def _step(settings: Settings, snapshot: Snapshot, step: int, xp: Any) -> tuple[Snapshot, dict]:
    """Every model that is not done learns from the batch of its length, and begins again if it is stuck."""
    batches: dict[int | None, Batch] = {}
    learners: list[Learner] = []
    record: dict[str, Any] = {"step": step}
    for learner in snapshot.learners:
        if not settings.is_done(learner.progress):
            length = settings.length(step, learner.progress)
            if length not in batches:
                batches[length] = settings.batch(step, length).to(xp)
            place = {} if length is None else {"T": learner.progress.T, "attempt": learner.attempt}
            learner, found = learn(learner, batches[length], settings)
            record[learner.name] = {**place, **found}
        learners.append(begin_again(learner, settings))
    return Snapshot(step, tuple(learners)), record


def _stop_if_hopeless(learner: Learner, record: Mapping[str, Any], step: int) -> None:
    if learner.in_a_row >= PATIENCE:
        raise TrainingError(
            f"training stopped at step {step}: {record[learner.name]['skipped']} of model {learner.name} was not "
            f"finite, and neither was something in each of the {PATIENCE} steps up to here; try a smaller learning rate"
        )
