"""`sab reproduce TABLE`: a table of the paper, what is missing trained, beside what was published."""

from __future__ import annotations

import dataclasses
import json
import shlex
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table as Screen
from threadpoolctl import threadpool_limits

from sabcore.array.device import DEVICES, resolve
from sabcore.cli import INTERRUPTED
from sabcore.cli.watch import interrupts, watch
from sabcore.errors import ConfigError
from sabcore.reproduce.cell import Cell, cells, measure, measured, train
from sabcore.reproduce.recorded import Result, recorded
from sabcore.reproduce.summary import cell_lines, effort, summary
from sabcore.reproduce.table import MODEL, Table, known, read_table
from sabcore.text import printable


@click.command(epilog=f"TABLE is one of {', '.join(known())}.")
@click.argument("name", metavar="TABLE", type=click.Choice(known()))
@click.option("--show", is_flag=True, help="Print the recorded results that come with the package; run nothing.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/reproduce"), show_default=True,
              help="The folder for the runs, one folder each; what is there already is not run again.")  # fmt: skip
@click.option("--seeds", type=click.IntRange(1, 1000), help="So many seeds, from 0; the default is the table's.")
@click.option("--steps", type=click.IntRange(1, 10**9), help="At most so many updates a run.")
@click.option("--rows", help="Only these systems, with commas between them, by the names that --json gives.")
@click.option("--data", type=click.Path(path_type=Path, exists=True),
              help="The folder with MNIST or CIFAR-10; for text, a file.")  # fmt: skip
@click.option("--device", type=click.Choice(DEVICES), default="cpu", show_default=True, help="Where to compute.")
@click.option("--json", "as_json", is_flag=True, help="Print the results, seed by seed, as JSON.")
def reproduce(
    name: str, show: bool, out: Path, seeds: int | None, steps: int | None, rows: str | None, data: Path | None,
    device: str, as_json: bool,
) -> None:  # fmt: skip
    """Fill a table of the paper: our number, its spread over seeds, and the published one.

    Every system gets the same number of updates, unless its name says otherwise. A run that was interrupted goes on
    from its last checkpoint. How long a table takes, `--show` tells.
    """
    table = _chosen(read_table(name), rows)
    if show:
        if seeds or steps or data:
            raise ConfigError("--show prints what was recorded: leave out --seeds, --steps and --data")
        results = [result for result in recorded(name) if result["row"] in table.rows]
    else:
        table = dataclasses.replace(table, limit=steps, seeds=seeds or table.seeds)
        results = _filled(table, out, _data(table, data), resolve(device))
    if as_json:
        click.echo(json.dumps(_answer(name, table, results), indent=1))
    else:
        _print(table, results)


def _chosen(table: Table, rows: str | None) -> Table:
    if rows is None:
        return table
    names = [name.strip() for name in rows.split(",")]
    if unknown := [name for name in names if name not in table.rows]:
        raise ConfigError(f"--rows has {', '.join(unknown)}, but should have some of {', '.join(table.rows)}")
    return dataclasses.replace(table, rows={name: table.rows[name] for name in table.rows if name in names})


def _data(table: Table, data: Path | None) -> str | None:
    if data is not None and table.data is None:
        raise ConfigError("--data is given, but this table makes its own data")
    if data is None and table.data == "folder":
        raise ConfigError(f"this table needs data: name the folder with {table.task['source']}'s files with --data")
    return None if data is None else str(data)


def _filled(table: Table, out: Path, data: str | None, xp: Any) -> list[Result]:
    """Every cell's result, trained and measured where it is not there yet."""
    todo = cells(table)
    results = []
    for number, cell in enumerate(todo, start=1):
        if (result := measured(cell, out)) is not None:
            results.append(result)
            continue
        words = f"{table.rows[cell.row].words}, seed {cell.seed}, {number} of {len(todo)}"
        if not _train(cell, words, out, data, xp):
            click.echo(printable(f"stopped; the same command goes on: {shlex.join(['sab', *sys.argv[1:]])}"), err=True)
            sys.exit(INTERRUPTED)
        results.append(measure(cell, out, data, xp))
    return results


def _train(cell: Cell, words: str, out: Path, data: str | None, xp: Any) -> bool:
    """Train the cell to its end and say True, or until Ctrl-C."""
    experiment = cell.experiment(data)
    with (
        threadpool_limits(1, user_api="blas"),
        interrupts() as stopped,
        watch({MODEL: words}, 0, experiment.steps, experiment.settings.task.metric) as show,
        closing(train(cell, out, data, xp)) as records,
    ):
        for record in records:
            show(record)
            if stopped():
                return False
    return True


def _answer(name: str, table: Table, results: list[Result]) -> dict[str, Any]:
    """All results, and what they say together."""
    together = {row: {column: found._asdict() for column in table.columns
                      if (found := summary(table, results, row, column))} for row in table.rows}  # fmt: skip
    published = {row: dict(system.published) for row, system in table.rows.items() if system.published}
    return {"table": name, "title": table.title, "summary": together, "published": published, "results": results}


def _print(table: Table, results: list[Result]) -> None:
    screen = Screen(title=table.title, caption=f"what differs: {table.differs}", show_lines=True)
    screen.add_column("system")
    for column in table.columns.values():
        screen.add_column(column.heading, justify="right")
    screen.add_column("updates, on one core", justify="right")
    for row, system in table.rows.items():
        found = ["\n".join(cell_lines(table, results, row, column)) for column in table.columns]
        screen.add_row(system.words, *found, effort(results, row))
    Console().print(screen)
