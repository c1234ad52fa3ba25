"""An experiment in a file: which task, which models, how they are trained, for how long; see the folder `experiments`.

steps = 4000

[task]                    a task's name and fields
name = "adding"
T = 200

[training]                the fields of `Settings`, of a `Curriculum` under [training.curriculum], and of `Outliers`
batch_size = 16
learning_rate = 3e-3
clip_norm = 0.3

[models.sab]              a name for each model: a preset, its fields, and what `Recurrent` takes besides
preset = "paper"
hidden_size = 64
k_top = 5
k_trunc = 10
score_bound = 0.3

[models.attentive]        or another kind of model, and its fields
kind = "transformer"
hidden_size = 64
"""

from __future__ import annotations

import hashlib
import json
import os
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sabcore.array.checks import check_whole
from sabcore.errors import ConfigError, FormatError
from sabcore.model.config import SABConfig
from sabcore.text import one_line
from sabcore.train.curriculum import Curriculum
from sabcore.train.model import Model, Recurrent, ReleasedTorch0112, Transformer, model_from_dict, model_to_dict
from sabcore.train.outliers import Outliers
from sabcore.train.settings import Settings
from sabcore.train.task import TASKS, Task
from sabcore.transformer import TransformerConfig

#: What a file need not say.
DEFAULTS = {"seed": 0, "dtype": "float32"}
#: More than this is no list of settings.
LARGEST_FILE = 1 << 20


@dataclass(frozen=True)
class Experiment:
    """What a file asks for, every default filled in."""

    settings: Settings
    models: Mapping[str, Model]
    steps: int

    def to_dict(self) -> dict[str, Any]:
        """All of it, JSON-ready."""
        models = {name: model_to_dict(model) for name, model in self.models.items()}
        return {"steps": self.steps, "settings": self.settings.to_dict(), "models": models}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Experiment:
        """What `to_dict` described.

        Raises:
            ConfigError, TypeError, KeyError: fields that are not its own, or bad ones.
        """
        models = {name: model_from_dict(model) for name, model in fields["models"].items()}
        return cls(Settings.from_dict(fields["settings"]), models, fields["steps"])

    @property
    def digest(self) -> str:
        """The same for the same experiment, however its file is written."""
        return hashlib.sha256(json.dumps(self.to_dict(), sort_keys=True).encode()).hexdigest()


def read_experiment(path: str | os.PathLike, changes: Sequence[str] = ()) -> Experiment:
    """The experiment in a TOML file, with some values changed: "training.seed=3", "task.T=50".

    Raises:
        FormatError: no such file, or no TOML.
        ConfigError: a table, a field or a value that means nothing, by name.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(LARGEST_FILE + 1)
        if len(data) > LARGEST_FILE:
            raise FormatError(f"{path} is too large to be an experiment")
        tables = tomllib.loads(data.decode())
    except (OSError, ValueError, RecursionError) as error:
        raise FormatError(f"{path} cannot be read as TOML: {one_line(error)}") from error
    for change in changes:
        _change(tables, change)
    return experiment_of(tables)


def _change(tables: dict[str, Any], change: str) -> None:
    """`key=value`, the key with dots between tables, the value as TOML has it, or a plain word."""
    key, equals, text = change.partition("=")
    names = key.strip().split(".")
    if not equals or not all(names):
        raise ConfigError(f"--set {change!r} should have the form key=value, as in training.seed=3")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError):
        value = text.strip()
    for name in names[:-1]:
        tables = tables.setdefault(name, {})
        if not isinstance(tables, dict):
            raise ConfigError(f"--set {change!r} goes below {name}, which is no table")
    tables[names[-1]] = value


def experiment_of(tables: Mapping[str, Any]) -> Experiment:
    """The experiment that the tables of a file describe.

    Raises:
        ConfigError: a table, a field or a value that means nothing, by name.
    """
    _only("the file", tables, {"steps", "task", "training", "models"})
    check_whole("steps", tables.get("steps"), 1, 10**9)
    task = _task(_table(tables, "task"))
    settings = _settings(task, _table(tables, "training"))
    names = _table(tables, "models")
    if not names or not all(name.isidentifier() and name != "step" for name in names):
        raise ConfigError(
            f"the models are called {', '.join(names) or 'nothing'}, but should have plain names, not step"
        )
    models = {name: _model(name, fields, task) for name, fields in names.items()}
    return Experiment(settings, models, tables["steps"])


def _task(fields: Mapping[str, Any]) -> Task:
    name = fields.get("name")
    if not isinstance(name, str) or name not in TASKS:
        raise ConfigError(f"task.name is {name!r}, but should be one of {', '.join(TASKS)}")
    return _made("task", TASKS[name], {key: value for key, value in fields.items() if key != "name"})


def _settings(task: Task, fields: Mapping[str, Any]) -> Settings:
    given = {**DEFAULTS, **fields}
    if "task" in given:
        raise ConfigError("training has task, which is a table of its own, [task]")
    for part, made_of in (("curriculum", Curriculum), ("outliers", Outliers)):
        if part in given:
            given[part] = _made(f"training.{part}", made_of, _table(fields, part))
    if "patience" in given:
        _table(fields, "patience")
    return _made("training", Settings, {"task": task, **given})


def _model(name: str, fields: Any, task: Task) -> Model:
    if not isinstance(fields, Mapping):
        raise ConfigError(f"models.{name} is {fields!r}, but should be a table")
    given = dict(fields)
    kind = given.pop("kind", Recurrent.kind)
    for size in ("input_size", "output_size"):
        if size in given:
            raise ConfigError(f"models.{name} has {size}, which is the task's to say")
        given[size] = getattr(task, size)
    if not isinstance(kind, str) or kind not in KINDS:
        raise ConfigError(f"models.{name}.kind is {kind!r}, but should be one of {', '.join(KINDS)}")
    return KINDS[kind](given)


def _recurrent(fields: dict[str, Any]) -> Recurrent:
    preset, bound = fields.pop("preset", "paper"), fields.pop("score_bound", None)
    return Recurrent(SABConfig.preset(preset, **fields), bound)


#: What the tables of each kind of model mean.
KINDS: dict[str, Callable[[dict[str, Any]], Model]] = {
    Recurrent.kind: _recurrent,
    ReleasedTorch0112.kind: lambda fields: ReleasedTorch0112(SABConfig.released(**fields)),
    Transformer.kind: lambda fields: Transformer(TransformerConfig.from_dict(fields)),
}


def _made(what: str, cls: Any, fields: Mapping[str, Any]) -> Any:
    """`cls` of these fields; one that it lacks, or does not know, is told by name."""
    try:
        return cls(**fields)
    except TypeError as error:
        raise ConfigError(f"{what}: {one_line(error).replace('__init__()', 'the table')}") from error


def _table(tables: Mapping[str, Any], name: str) -> dict[str, Any]:
    if not isinstance(found := tables.get(name), dict):
        raise ConfigError(f"{name} is {found!r}, but should be a table, [{name}]")
    return found


def _only(what: str, tables: Mapping[str, Any], known: set[str]) -> None:
    if unknown := sorted(set(tables) - known):
        raise ConfigError(f"{what} has {', '.join(unknown)}, but should have {', '.join(sorted(known))} alone")
