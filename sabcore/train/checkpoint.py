"""Checkpoints: one safetensors file that holds a run whole, so that training goes on as if it had never stopped.

Each fact stands in it once: what the run is made with in the settings, what each model is in its learner, and how far
they got beside their tensors.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from sabcore.array.checks import check_params, first_non_finite
from sabcore.array.files import read_tensors, write_tensors
from sabcore.array.library import Array
from sabcore.errors import FormatError
from sabcore.text import error_line
from sabcore.train.curriculum import Progress
from sabcore.train.learner import Learner
from sabcore.train.loop import Snapshot
from sabcore.train.model import model_from_dict, model_to_dict
from sabcore.train.settings import Settings

FORMAT = {"format": "sab-checkpoint", "version": "2"}
#: A counter beyond this is no count of anything that was ever computed.
LARGEST_COUNT = 10**15
#: What a learner counts.
COUNTS = ("skipped", "in_a_row", "attempt")


class Log(NamedTuple):
    """The part of a log that belongs to a checkpoint."""

    size: int  # its bytes
    sha256: str  # of those bytes


class Checkpoint(NamedTuple):
    """A run after some step; `notes` are the caller's, JSON-ready."""

    snapshot: Snapshot
    settings: Settings
    log: Log
    notes: dict[str, Any]


def save_checkpoint(path: str | os.PathLike, checkpoint: Checkpoint) -> None:
    """Replace the checkpoint at `path` in one step: whatever happens, a whole one is there.

    Tensors are `NAME.param.W_ih`, `NAME.state.m.W_ih`, ... for each learner NAME, and `NAME.average.W_ih`, ... where an
    average is kept; all else is JSON in the metadata.

    Raises:
        FormatError: the file cannot be written.
    """
    tensors: dict[str, np.ndarray] = {}
    for learner in checkpoint.snapshot.learners:
        tensors |= {f"{learner.name}.param.{key}": to_host(value) for key, value in learner.params.items()}
        tensors |= {f"{learner.name}.state.{key}": to_host(value) for key, value in learner.state.items()}
        tensors |= {f"{learner.name}.average.{key}": to_host(value) for key, value in (learner.average or {}).items()}
    run = {
        "step": checkpoint.snapshot.step,
        "log": checkpoint.log._asdict(),
        "settings": checkpoint.settings.to_dict(),
        "learners": [_describe(learner) for learner in checkpoint.snapshot.learners],
        "notes": checkpoint.notes,
    }
    write_tensors(path, tensors, {**FORMAT, "run": json.dumps(run)})


def load_checkpoint(path: str | os.PathLike, xp: Any = np) -> Checkpoint:
    """What `save_checkpoint` wrote, with its arrays in `xp`, NumPy or CuPy.

    Raises:
        FormatError: no such file, a damaged or foreign one, or one that contradicts itself.
    """
    tensors, metadata = read_tensors(path)
    if {key: metadata.get(key) for key in FORMAT} != FORMAT:
        raise FormatError(f"{path} is not a sab-checkpoint file, version {FORMAT['version']}")
    try:
        run = json.loads(metadata["run"])
        settings, step = Settings.from_dict(run["settings"]), _count(run, "step")
        learners = tuple(_learner(fields, tensors, settings, step, xp) for fields in run["learners"])
        _check_names(learners, tensors)
        log = Log(_count(run["log"], "size"), str(run["log"]["sha256"]))
        return Checkpoint(Snapshot(step, learners), settings, log, dict(run["notes"]))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise FormatError(f"{path} is not a usable checkpoint ({error_line(error, 200)})") from error


def to_host(array: Array) -> np.ndarray:
    """A NumPy copy of an array that may live on a device."""
    return array if isinstance(array, np.ndarray) else array.get()


def _describe(learner: Learner) -> dict[str, Any]:
    """All of a learner that is no tensor."""
    counts = {name: getattr(learner, name) for name in COUNTS}
    norms = {"norms": learner.norms} if learner.norms else {}
    return {
        "name": learner.name,
        "model": model_to_dict(learner.model),
        "progress": dataclasses.asdict(learner.progress),
        **counts,
        **norms,
    }


def _learner(
    fields: Mapping[str, Any], tensors: Mapping[str, np.ndarray], settings: Settings, step: int, xp: Any
) -> Learner:
    name, model = fields["name"], model_from_dict(fields["model"])
    _check_sizes(name, model, settings)
    params, state = _under(f"{name}.param.", tensors), _under(f"{name}.state.", tensors)
    average = None if settings.average is None else _under(f"{name}.average.", tensors)
    for arrays in (params, params if average is None else average):
        check_params(arrays, model.shapes(), like=np.zeros(1, settings.dtype))
    params = {key: params[key] for key in model.shapes()}  # a file has its own order, and sums depend on it
    fresh = settings.optimiser(settings.beginning).init(params)
    if {key: _kind(value) for key, value in fresh.items()} != {key: _kind(value) for key, value in state.items()}:
        raise FormatError(f"the optimiser's state of {name} does not fit its parameters")
    if (bad := first_non_finite(state)) is not None:
        raise FormatError(f"{bad} of the optimiser's state of {name} is not finite")
    if not 0 <= (updates := state["t"].item()) <= step:
        raise FormatError(f"{name} counts {updates} updates, but should count 0 to {step}, the steps of the run")
    params = {key: xp.asarray(value) for key, value in params.items()}
    state = {key: xp.asarray(state[key]) for key in fresh}
    average = None if average is None else {key: xp.asarray(average[key]) for key in params}
    progress, norms = _progress(fields["progress"], settings, step), _norms(fields, settings, step)
    counts = {count: _count(fields, count) for count in COUNTS}
    return Learner(name, model, params, state, progress, average=average, norms=norms, **counts)


def _check_sizes(name: str, model: Any, settings: Settings) -> None:
    sizes = (settings.task.input_size, settings.task.output_size)
    if (model.input_size, model.output_size) != sizes:
        raise FormatError(f"{name} takes {model.input_size} inputs and gives {model.output_size} outputs, but its task "
                          f"has {sizes[0]} and {sizes[1]}")  # fmt: skip


def _progress(fields: Mapping[str, Any], settings: Settings, step: int) -> Progress:
    """A learner's progress, if one of these settings can have it."""
    progress = Progress(**{**fields, "recent": tuple(fields["recent"])})
    for name in ("since", "fallen") if progress.fallen is not None else ("since",):
        if not 0 <= _count(fields, name) <= step:
            raise FormatError(f"{name} is {fields[name]}, but should be from 0 to {step}, the steps of the run")
    if progress.fallen is not None and progress.fallen > (settings.decay or 0):
        raise FormatError(f"fallen is {progress.fallen}, but the learning rate falls for {settings.decay} updates")
    if not all(isinstance(value, int | float) for value in progress.recent):
        raise FormatError("recent holds something that is no number")
    if settings.beginning.T is None:
        if progress.T is not None:
            raise FormatError(f"T is {progress.T!r} without a curriculum")
    elif not settings.beginning.T <= _count(fields, "T") <= (settings.goal or 0):
        raise FormatError(f"T is {progress.T}, but should be from {settings.beginning.T} to {settings.goal}")
    return progress


def _norms(fields: Mapping[str, Any], settings: Settings, step: int) -> tuple[float, ...]:
    """The norms that a learner remembers, if one of these settings can."""
    norms, window = tuple(fields.get("norms", ())), 0 if settings.outliers is None else settings.outliers.window
    if len(norms) > min(window, step):
        raise FormatError(f"norms are {len(norms)}, but should be at most {min(window, step)}")
    if not all(isinstance(norm, float) and 0 <= norm < math.inf for norm in norms):
        raise FormatError("norms hold something that is no finite number, at least 0")
    return norms


def _check_names(learners: tuple[Learner, ...], tensors: Mapping[str, np.ndarray]) -> None:
    """Every tensor belongs to exactly one learner, and nothing is left over."""
    names = [learner.name for learner in learners]
    if not names or len(set(names)) < len(names) or not all(name.isidentifier() for name in names):
        raise FormatError(f"the models are called {names}, but should have different plain names")
    owned = sum(len(learner.params) + len(learner.state) + len(learner.average or {}) for learner in learners)
    if owned != len(tensors):
        raise FormatError(f"{len(tensors)} tensors, but should be {owned}")


def _under(prefix: str, tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _kind(array: np.ndarray) -> tuple:
    return array.shape, str(array.dtype)


def _count(fields: Mapping[str, Any], name: str) -> int:
    value = fields[name]
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST_COUNT:
        raise FormatError(f"{name} is {value!r}, but should be a whole number, at least 0")
    return value
