"""One model in training, and one step of it: nothing that is not finite gets in.

Everything here is a value: a step takes a learner and returns the next one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sabcore.array.checks import first_non_finite
from sabcore.array.library import array_module
from sabcore.model.params import Params
from sabcore.train.curriculum import Progress
from sabcore.train.model import Model
from sabcore.train.optim import State, clip_by_global_norm
from sabcore.train.outliers import Outliers
from sabcore.train.settings import Settings
from sabcore.train.task import Batch


@dataclass(frozen=True)
class Learner:
    """A model's parameters and optimiser state, and how its training went so far.

    `average`: the moving average of its parameters, where the settings ask for one. `skipped`: the steps that were
    skipped, in all; `in_a_row`: those since the last one that was finite. `attempt`: how often it was started again
    from a new seed. `norms`: those of the latest gradients, where outliers are skipped.
    """

    name: str
    model: Model
    params: Params
    state: State
    progress: Progress
    skipped: int = 0
    in_a_row: int = 0
    attempt: int = 0
    average: Params | None = None
    norms: tuple[float, ...] = ()

    @property
    def judged(self) -> Params:
        """The parameters that the model is evaluated with."""
        return self.params if self.average is None else self.average


def begin(name: str, model: Model, settings: Settings, xp: Any = np, attempt: int = 0) -> Learner:
    """A fresh learner with its arrays in `xp`, NumPy or CuPy; every attempt has a seed of its own."""
    params = {key: xp.asarray(value) for key, value in model.init(_seed(settings, attempt), settings.dtype).items()}
    state = settings.optimiser(settings.beginning).init(params)
    average = None if settings.average is None else params
    return Learner(name, model, params, state, settings.beginning, attempt=attempt, average=average)


def learn(learner: Learner, batch: Batch, settings: Settings) -> tuple[Learner, dict]:
    """One step of one model: the learner after it, and its record (see `sabcore.train.loop.train`).

    The step counts only if the loss, every gradient, and all that would be kept are finite, and the gradient is no
    outlier; else the parameters, the optimiser and the progress stay as they were, to the bit.
    """
    task = settings.task
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # what overflows is found below
        y, tape = learner.model.forward(learner.params, batch.x)
        loss, dy = task.loss(y, batch)
        metric = finite(task.measure(y, batch))
        record: dict = {"loss": finite(loss.item()), task.metric: metric, "norm": None, "skipped": None}
        if record["loss"] is None or metric is None:
            return _skip(learner, record, "the loss")
        grads, report = learner.model.backward(learner.params, tape, dy)
        record |= {name: finite(value) for name, value in report.items()}
        if (bad := first_non_finite(grads)) is not None:
            return _skip(learner, record, f"the gradient of {bad}")
        clipped, norm = clip_by_global_norm(grads, settings.clip_norm)
        record["norm"] = finite(norm)
        learner, outlying = _compared(learner, norm, settings.outliers)
        if outlying:
            return _skip(learner, record, "the norm", is_finite=True)
        params, state = settings.optimiser(learner.progress).update(learner.params, clipped, learner.state)
    if (bad := first_non_finite(params) or first_non_finite(state)) is not None:
        return _skip(learner, record, f"the update of {bad}")
    progress = settings.advance(learner.progress, metric)
    average = averaged(learner.average, params, settings.average)
    return replace(learner, params=params, state=state, progress=progress, in_a_row=0, average=average), record


def averaged(average: Params | None, params: Params, factor: float | None) -> Params | None:
    """The moving average after an update that led to `params`; None where none is kept."""
    if average is None or factor is None:
        return None
    return {name: factor * average[name] + (1 - factor) * value for name, value in params.items()}


def begin_again(learner: Learner, settings: Settings) -> Learner:
    """The same model from a new seed, if it is stuck; its skipped steps stay counted."""
    if not settings.is_stuck(learner.name, learner.progress):
        return learner
    xp = array_module(next(iter(learner.params.values())))
    fresh = begin(learner.name, learner.model, settings, xp, learner.attempt + 1)
    return replace(fresh, skipped=learner.skipped)


def finite(value: float) -> float | None:
    """The number, or None, which JSON can hold, for one that is not finite."""
    return value if math.isfinite(value) else None


def _seed(settings: Settings, attempt: int) -> int:
    """The settings' own seed at first, then others that depend on it and on the attempt."""
    if attempt == 0:
        return settings.seed
    return int(np.random.SeedSequence([settings.seed, attempt]).generate_state(1, np.uint64)[0])


def _compared(learner: Learner, norm: float, outliers: Outliers | None) -> tuple[Learner, bool]:
    """The learner that remembers this gradient's norm, and whether it is an outlier among those before."""
    if outliers is None:
        return learner, False
    norms = outliers.remembered(norm, learner.norms)
    return replace(learner, norms=norms), outliers.stands_out(norm, learner.norms)


def _skip(learner: Learner, record: dict, what: str, is_finite: bool = False) -> tuple[Learner, dict]:
    in_a_row = 0 if is_finite else learner.in_a_row + 1
    return replace(learner, skipped=learner.skipped + 1, in_a_row=in_a_row), {**record, "skipped": what}
