"""One row of a table with one seed, trained in a folder of its own and measured in every column that shares it."""

from __future__ import annotations

import json
import time
from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from sabcore.array.files import write_atomically
from sabcore.reproduce.recorded import Result, read_results
from sabcore.reproduce.table import MODEL, Table, digest, merged
from sabcore.train.experiment import Experiment, experiment_of
from sabcore.train.loop import evaluate
from sabcore.train.origin import origin
from sabcore.train.run import CHECKPOINT, Run


@dataclass(frozen=True)
class Cell:
    """What one training run gives to a table: `row` with `seed`, in the `columns` that are trained alike."""

    table: Table
    row: str
    seed: int
    columns: tuple[str, ...]

    @property
    def tables(self) -> dict[str, Any]:
        """What it trains, as the tables of an experiment; data that the user brings are no part of it."""
        return self.table.experiment(self.row, self.columns[0], self.seed)

    @property
    def digest(self) -> str:
        """Of what it trains."""
        return digest(self.tables)

    @property
    def folder(self) -> str:
        """The name of its folder: the same in two tables that ask for the same run."""
        return f"{self.row}-{self.seed}-{self.digest[:12]}"

    def result(self, root: Path) -> Path:
        """The file below `root` that holds its result once it was measured."""
        return root / self.folder / f"{self.table.name}.json"

    def experiment(self, data: str | None) -> Experiment:
        """What it trains, on the user's data where the table needs some."""
        brought = {} if self.table.data is None else {"task": {self.table.data: data}}
        return experiment_of(merged(self.tables, brought))


def cells(table: Table) -> list[Cell]:
    """All cells of the table: every system's first seed before any second one."""
    found = []
    for seed in range(table.seeds):
        for row in table.rows:
            alike: dict[str, list[str]] = {}
            for column in table.columns:
                alike.setdefault(digest(table.experiment(row, column, seed)), []).append(column)
            found += [Cell(table, row, seed, tuple(columns)) for columns in alike.values()]
    return found


def train(cell: Cell, root: Path, data: str | None, xp: Any = np) -> Generator[dict]:
    """Train the cell in its folder below `root`, from its last checkpoint if there is one; yields each step's record.

    Whoever stops listening stops the run, and it is saved where it is.
    """
    experiment, folder = cell.experiment(data), root / cell.folder
    if (folder / CHECKPOINT).exists():
        run = Run.resume(folder, xp)
    else:
        run = Run.create(folder, experiment.settings, experiment.models, {"seconds": 0.0}, xp)
    with run:
        before, begun = run.notes["seconds"], time.process_time()
        for record in run.train(experiment.steps):
            run.notes["seconds"] = before + time.process_time() - begun
            try:
                yield record
            except GeneratorExit:
                run.save()
                raise
        run.save()


def measure(cell: Cell, root: Path, data: str | None, xp: Any = np) -> Result:
    """What the trained cell gives in each of its columns, with all that says where that comes from; kept beside it."""
    with Run.resume(root / cell.folder, xp) as run:
        (learner,) = run.snapshot.learners
        metric, found = run.settings.task.metric, {}
        for column in cell.columns:
            task = replace(run.settings.task, **cell.table.columns[column].test)  # type: ignore[type-var]
            found[column] = evaluate(run.settings, learner, cell.table.sequences, xp, task)[metric]
        result = {
            "row": cell.row, "seed": cell.seed, "digest": cell.digest, "sequences": cell.table.sequences,
            "updates": sum(MODEL in record for record in run.read_log()), "seconds": round(run.notes["seconds"], 3),
            "T": learner.progress.T, "attempt": learner.attempt, "skipped": learner.skipped, "found": found, **origin(),
        }  # fmt: skip
    write_atomically(cell.result(root), (json.dumps({"results": [result]}, indent=1) + "\n").encode())
    return result


def measured(cell: Cell, root: Path) -> Result | None:
    """The cell's result if it was measured before, as it would be now; else None.

    Raises:
        FormatError: a file in its place that holds something else.
    """
    if not cell.result(root).exists():
        return None
    (result,) = read_results(cell.result(root))
    same = (result["digest"], result["sequences"]) == (cell.digest, cell.table.sequences)
    return result if same and set(result["found"]) == set(cell.columns) else None
