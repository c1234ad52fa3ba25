"""`sab sweep`: an experiment over a grid of values and several seeds, on as many workers as there are."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from sabcore.array.files import write_atomically
from sabcore.cli import INTERRUPTED
from sabcore.cli.sweep_watch import Board, shown, watch_sweep
from sabcore.cli.watch import interrupts
from sabcore.errors import ConfigError, FormatError
from sabcore.text import printable
from sabcore.train.lock import locked
from sabcore.train.sweep.plan import plan, read_grids
from sabcore.train.sweep.summary import describe, rows
from sabcore.train.sweep.work import read_result

SUMMARY, PICTURE = "sweep.json", "sweep.png"
#: Sequences that each run is evaluated on, unless told otherwise.
EVALUATED = 256


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--grid", "grids", multiple=True, metavar="KEY=V1,V2,...",
              help="Values to try, as in --grid task.T=5,10; several grids are combined.")  # fmt: skip
@click.option("--seeds", type=click.IntRange(1, 1000), default=3, show_default=True,
              help="Runs of each combination: the file's seed and the next ones.")  # fmt: skip
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE",
              help="Change a value of the file for all runs; may be given again.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/sweep"), show_default=True,
              help="The folder for the runs, each in one of its own, and for the picture.")  # fmt: skip
@click.option("--workers", type=click.IntRange(1, 1000), help="Processes on this machine.  [default: one a core]")
@click.option("--scheduler", metavar="ADDRESS",
              help="Your Dask scheduler, as tcp://host:8786, instead; its workers must see --out.")  # fmt: skip
@click.option("--evaluate", "sequences", type=click.IntRange(1, 10**6), default=EVALUATED, show_default=True,
              help="Sequences, never trained on, that each run is evaluated on.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
@click.pass_context
def sweep(
    ctx: click.Context, file: Path, grids: tuple[str, ...], seeds: int, changes: tuple[str, ...], out: Path,
    workers: int | None, scheduler: str | None, sequences: int, as_json: bool,
) -> None:  # fmt: skip
    """Train an experiment, a TOML file, over a grid of values and several seeds.

    Each run owns a folder, named by its config, and the same command goes on where it was stopped: finished runs are
    left alone, others resume from their checkpoints, whether it was Ctrl-C or a worker that died. Dask hands out the
    runs (pip install "sabcore[sweep]"). Exit code 1 if a run failed.
    """
    if scheduler is not None and workers is not None:
        raise ConfigError("--workers are processes of this machine, and a --scheduler has its own: leave one out")
    wanted = read_grids(grids)
    board = Board(wanted, plan(file, wanted, seeds, changes))
    with _folder(out):
        known = {point.folder: read_result(out / point.folder, point.experiment, sequences) for point in board.points}
        board.results |= {folder: result for folder, result in known.items() if result is not None}
        if not _train(board, out, sequences, scheduler, workers or os.cpu_count() or 1):
            click.echo(f"stopped: {board.title()}; the same command goes on", err=True)
            sys.exit(INTERRUPTED)
        _tell(board, out, as_json)
    ctx.exit(1 if board.errors else 0)


@contextmanager
def _folder(out: Path) -> Iterator[None]:
    """The folder, ours alone."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FormatError(f"{out} cannot be made a folder for the sweep: {error.strerror}") from error
    with locked(out, "sweeping there") as lock:
        try:
            yield
        finally:
            lock.release()


def _train(board: Board, out: Path, sequences: int, scheduler: str | None, workers: int) -> bool:
    """Train what is not done yet, and say True, or stop at Ctrl-C."""
    todo = [point for point in board.points if point.folder not in board.results]
    if not todo:
        return True
    cluster = _cluster()
    opened = cluster.local_workers(min(workers, len(todo))) if scheduler is None else cluster.workers_of(scheduler)
    with interrupts() as stopped, opened as client, watch_sweep(board) as show:
        for outcome in cluster.sweep(client, out, todo, sequences, board.tell, stopped):
            if outcome.result is not None:
                board.results[outcome.point.folder] = outcome.result
            elif outcome.error is not None:
                board.errors[outcome.point.folder] = outcome.error
            if not stopped() or outcome.result is not None:
                show(outcome.point)
        return len(board.results) + len(board.errors) == len(board.points)


def _cluster() -> Any:
    try:
        from sabcore.train.sweep import cluster
    except ModuleNotFoundError as error:
        if error.name not in ("dask", "distributed"):
            raise
        raise ConfigError('a sweep needs Dask: pip install "sabcore[sweep]"') from error
    return cluster


def _tell(board: Board, out: Path, as_json: bool) -> None:
    """Write what was found, and print it."""
    from sabcore.train.sweep.picture import draw  # the plotting library is slow to load

    found = describe(board.grids, board.points, board.results, board.errors)
    write_atomically(out / SUMMARY, (json.dumps(found, indent=1) + "\n").encode())
    if board.results:
        draw(out / PICTURE, found)
    if as_json:
        click.echo(json.dumps({"out": str(out), "resumed": board.resumed, **found}, indent=2))
        return
    if board.results:
        Console().print(_table(board))
        click.echo(printable(f"picture: {out / PICTURE}   all of it: {out / SUMMARY}"))
    for point in board.points:
        if point.folder in board.errors:
            click.echo(printable(f"failed: {out / point.folder}: {board.errors[point.folder]}"), err=True)


def _table(board: Board) -> Table:
    task = board.points[0].experiment.settings.task
    table = Table(title=f"{task.name}: median {task.metric} over seeds (least to most)")
    for heading in (*(grid.key for grid in board.grids), "model", "seeds", task.metric):
        table.add_column(printable(heading), justify="left" if heading == "model" else "right")
    for row in rows(board.points, board.results):
        table.add_row(*map(printable, row.values), row.model, str(row.seeds), shown(row))
    return table
