"""The tasks that models are trained on. `TASKS` names them; `task_from_dict` restores one from a checkpoint."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from sabcore.errors import ConfigError
from sabcore.train.task.adding import AddingTask
from sabcore.train.task.base import Batch, Task
from sabcore.train.task.classes import accuracy
from sabcore.train.task.copy import CopyTask
from sabcore.train.task.denoise import DenoiseTask
from sabcore.train.task.images import ImageTask
from sabcore.train.task.text import TextTask

__all__ = [
    "TASKS",
    "AddingTask",
    "Batch",
    "CopyTask",
    "DenoiseTask",
    "ImageTask",
    "Task",
    "TextTask",
    "accuracy",
    "task_from_dict",
    "task_to_dict",
]

_KNOWN: tuple[type[Any], ...] = (CopyTask, DenoiseTask, AddingTask, ImageTask, TextTask)
TASKS: dict[str, type[Any]] = {task.name: task for task in _KNOWN}


def task_to_dict(task: Task) -> dict[str, Any]:
    """The task's name and fields, JSON-ready."""
    return {"name": task.name, **dataclasses.asdict(task)}  # type: ignore[call-overload]


def task_from_dict(fields: Mapping[str, Any]) -> Task:
    """The task that `task_to_dict` described.

    Raises:
        ConfigError: an unknown task, or fields that are not its own.
    """
    options = {key: value for key, value in fields.items() if key != "name"}
    name = fields.get("name")
    if not isinstance(name, str) or name not in TASKS:
        raise ConfigError(f"task is {name!r}, but should be one of {', '.join(map(repr, TASKS))}")
    if set(options) != {field.name for field in dataclasses.fields(TASKS[name])}:
        raise ConfigError(f"task {name} has fields {', '.join(options) or 'none'}, which are not its own")
    return TASKS[name](**options)
