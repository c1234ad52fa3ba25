"""Checkpoints: one safetensors file that holds a run whole, so that training goes on as if it had never stopped."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from sabcore.array.checks import check_params, first_non_finite
from sabcore.array.files import read_tensors, write_tensors
from sabcore.array.library import Array
from sabcore.errors import FormatError
from sabcore.model.config import SABConfig
from sabcore.model.params import param_shapes
from sabcore.text import error_line
from sabcore.train.loop import Learner, Settings, Snapshot
from sabcore.train.task import task_from_dict, task_to_dict

FORMAT = {"format": "sab-checkpoint", "version": "1"}


class Checkpoint(NamedTuple):
    """A run after some step; `log_size` bytes of its log belong to it; `notes` are the caller's, JSON-ready."""

    snapshot: Snapshot
    settings: Settings
    log_size: int
    notes: dict[str, Any]


def save_checkpoint(path: str | os.PathLike, checkpoint: Checkpoint) -> None:
    """Replace the checkpoint at `path` in one step: whatever happens, a whole one is there.

    Tensors are `NAME.param.W_ih`, `NAME.state.m.W_ih`, ... for each learner NAME; all else is JSON in the metadata.

    Raises:
        FormatError: the file cannot be written.
    """
    snapshot, settings = checkpoint.snapshot, checkpoint.settings
    tensors: dict[str, np.ndarray] = {}
    learners = []
    for learner in snapshot.learners:
        tensors |= {f"{learner.name}.param.{key}": to_host(value) for key, value in learner.params.items()}
        tensors |= {f"{learner.name}.state.{key}": to_host(value) for key, value in learner.state.items()}
        counts = {"skipped": learner.skipped, "in_a_row": learner.in_a_row}
        learners.append({"name": learner.name, "config": learner.config.to_dict(), **counts})
    run = {
        "step": snapshot.step,
        "log_size": checkpoint.log_size,
        "settings": {**_fields(settings), "task": task_to_dict(settings.task)},
        "learners": learners,
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
        raise FormatError(f"{path} is not a sab-checkpoint file, version 1")
    try:
        run = json.loads(metadata["run"])
        settings = Settings(**{**run["settings"], "task": task_from_dict(run["settings"]["task"])})
        learners = tuple(_learner(fields, tensors, settings, xp) for fields in run["learners"])
        _check_names(learners, tensors)
        snapshot = Snapshot(_count(run, "step"), learners)
        return Checkpoint(snapshot, settings, _count(run, "log_size"), dict(run["notes"]))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise FormatError(f"{path} is not a usable checkpoint ({error_line(error)})") from error


def to_host(array: Array) -> np.ndarray:
    """A NumPy copy of an array that may live on a device."""
    return array if isinstance(array, np.ndarray) else array.get()


def _learner(fields: Mapping[str, Any], tensors: Mapping[str, np.ndarray], settings: Settings, xp: Any) -> Learner:
    name, config = fields["name"], SABConfig.from_dict(fields["config"])
    params, state = _under(f"{name}.param.", tensors), _under(f"{name}.state.", tensors)
    check_params(params, param_shapes(config), like=np.zeros(1, settings.dtype))
    params = {key: params[key] for key in param_shapes(config)}  # a file has its own order, and sums depend on it
    fresh = settings.optimiser.init(params)
    if {key: _kind(value) for key, value in fresh.items()} != {key: _kind(value) for key, value in state.items()}:
        raise FormatError(f"the optimiser's state of {name} does not fit its parameters")
    if (bad := first_non_finite(state)) is not None:
        raise FormatError(f"{bad} of the optimiser's state of {name} is not finite")
    params = {key: xp.asarray(value) for key, value in params.items()}
    state = {key: xp.asarray(state[key]) for key in fresh}
    return Learner(name, config, params, state, _count(fields, "skipped"), _count(fields, "in_a_row"))


def _check_names(learners: tuple[Learner, ...], tensors: Mapping[str, np.ndarray]) -> None:
    """Every tensor belongs to exactly one learner, and nothing is left over."""
    names = [learner.name for learner in learners]
    if not names or len(set(names)) < len(names) or not all(name.isidentifier() for name in names):
        raise FormatError(f"the models are called {names}, but should have different plain names")
    owned = sum(len(learner.params) + len(learner.state) for learner in learners)
    if owned != len(tensors):
        raise FormatError(f"{len(tensors)} tensors, but should be {owned}")


def _fields(record: Any) -> dict[str, Any]:
    return {field.name: getattr(record, field.name) for field in dataclasses.fields(record)}


def _under(prefix: str, tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _kind(array: np.ndarray) -> tuple:
    return array.shape, str(array.dtype)


def _count(fields: Mapping[str, Any], name: str) -> int:
    value = fields[name]
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise FormatError(f"{name} is {value!r}, but should be a whole number, at least 0")
    return value
