"""A table in a TOML file: its rows are systems, its columns what they are trained on and tried at.

title = "Adding"
steps = 4000                what every cell begins with: the tables of an experiment, but for the models
seeds = 3                   0, 1, 2
sequences = 256             that a model is measured on
success = 0.02              a seed succeeds whose metric is at least, or for an error at most, this
data = "folder"             the field of the task that takes what the user names with --data
differs = "..."             from the publication, in budget and data
missing = "..."             why a cell may be empty

[task] and [training]       as in an experiment; see `sabcore.train.experiment`

[columns.T200]
heading = "T = 200"
train = { task = { T = 200 } }                 what differs in training
test = { T = 200 }                             fields of the task that differ when it is measured

[rows.sab]
words = "SAB"
train = { steps = 8000, training = { clip_norm = 1.0 } }
model = { preset = "paper", hidden_size = 64, k_top = 5, k_trunc = 10 }
published = { T200 = 0.03 }
missing = "why nothing is recorded"            of this row; else the table's own reason

A value false takes away what the row would inherit.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sabcore.errors import ConfigError, FormatError
from sabcore.text import one_line

#: Where the tables are that `sab reproduce` knows by name.
TABLES = Path(__file__).parent / "tables"
#: What the one model of a cell is called.
MODEL = "model"


@dataclass(frozen=True)
class Column:
    """One column: what its cells are trained on and measured on, where that differs from the table's own."""

    heading: str
    train: Mapping[str, Any] = field(default_factory=dict)
    test: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """One system; the published values by column; why a cell of it may be empty, if not for the table's reason."""

    words: str
    model: Mapping[str, Any]
    train: Mapping[str, Any] = field(default_factory=dict)
    published: Mapping[str, float] = field(default_factory=dict)
    missing: str = ""


@dataclass(frozen=True)
class Table:
    """What a file says, rows and columns in its order.

    `data`: the field of the task that takes the user's data. `limit`: no cell gets more steps than this.
    """

    name: str
    title: str
    task: Mapping[str, Any]
    training: Mapping[str, Any]
    steps: int
    seeds: int
    sequences: int
    columns: Mapping[str, Column]
    rows: Mapping[str, Row]
    success: float | None = None
    differs: str = ""
    missing: str = "not run: the time went to other cells"
    data: str | None = None
    limit: int | None = None

    def experiment(self, row: str, column: str, seed: int) -> dict[str, Any]:
        """What that cell trains, as the tables of an experiment."""
        tables: dict[str, Any] = {"steps": self.steps, "task": self.task, "training": self.training}
        for changes in (self.columns[column].train, self.rows[row].train, {"training": {"seed": seed}}):
            tables = merged(tables, changes)
        steps = min(tables["steps"], self.limit or tables["steps"])
        return {**tables, "steps": steps, "models": {MODEL: dict(self.rows[row].model)}}


def digest(tables: Mapping[str, Any]) -> str:
    """The same for the same experiment as a file says it: defaults of the engine's fields are no part of it."""
    return hashlib.sha256(json.dumps(tables, sort_keys=True).encode()).hexdigest()


def merged(tables: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`tables` with `changes` in place of what they name, tables within tables too; false takes a value away."""
    result = dict(tables)
    for name, value in changes.items():
        if value is False:
            result.pop(name, None)
        elif isinstance(value, Mapping) and isinstance(result.get(name), Mapping):
            result[name] = merged(result[name], value)
        else:
            result[name] = value
    return result


def known() -> list[str]:
    """The names of the tables that come with the package."""
    return sorted(path.stem for path in TABLES.glob("*.toml"))


def read_table(name: str) -> Table:
    """The table of that name.

    Raises:
        ConfigError: no such table. FormatError: a file that is no table.
    """
    if name not in known():
        raise ConfigError(f"table is {name!r}, but should be one of {', '.join(known())}")
    path = TABLES / f"{name}.toml"
    try:
        fields = tomllib.loads(path.read_text(encoding="utf-8"))
        columns = {key: Column(**value) for key, value in fields.pop("columns").items()}
        rows = {key: Row(**value) for key, value in fields.pop("rows").items()}
        return Table(name, **fields, columns=columns, rows=rows)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise FormatError(f"{path} is not a table of results: {one_line(error)}") from error
