"""Showing a sweep as it goes on: a live table on a terminal, a line a finished run anywhere else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table

from sabcore.text import printable
from sabcore.train.sweep.plan import Grid, Point
from sabcore.train.sweep.summary import Row, rows


class Board:
    """What is known of each run, by its folder: told by the workers while it is under way, and when it is done."""

    def __init__(self, grids: Sequence[Grid], points: Sequence[Point]) -> None:
        self.grids, self.points = grids, points
        self.steps: dict[str, int] = {}  # of runs under way
        self.begun: dict[str, int] = {}  # how often a worker began, or resumed, each
        self.results: dict[str, dict[str, Any]] = {}
        self.errors: dict[str, str] = {}

    def tell(self, news: Mapping[str, Any]) -> None:
        """News of a run under way; see `sabcore.train.sweep.cluster.sweep`."""
        self.steps[news["folder"]] = news["step"]
        self.begun[news["folder"]] = self.begun.get(news["folder"], 0) + news["begins"]

    @property
    def resumed(self) -> int:
        """How often a run went on with another worker than the one that began it."""
        return sum(times - 1 for times in self.begun.values() if times > 1)

    def table(self) -> Table:
        """A line for each combination of values."""
        table = Table(box=None, pad_edge=False, title=self.title(), title_justify="left")
        names = list(self.points[0].experiment.models)
        for heading in (*(grid.key for grid in self.grids), "done", "under way", *names):
            table.add_column(printable(heading), justify="right")
        found = {(row.values, row.model): row for row in rows(self.points, self.results)}
        for values in dict.fromkeys(point.values for point in self.points):
            group = [point for point in self.points if point.values == values]
            done = sum(point.folder in self.results for point in group)
            medians = [shown(found.get((values, name))) for name in names]
            table.add_row(*map(printable, values), f"{done}/{len(group)}", self._under_way(group), *medians)
        return table

    def title(self) -> str:
        """How far all of it is."""
        failed = f", {len(self.errors)} failed" if self.errors else ""
        resumed = f", {self.resumed} resumed after their worker died" if self.resumed else ""
        return f"{len(self.results)} of {len(self.points)} runs done{failed}{resumed}"

    def _under_way(self, group: Sequence[Point]) -> str:
        """`1:40% 2:5%`, by seed."""
        ended = {*self.results, *self.errors}
        going = [point for point in group if point.folder in self.steps and point.folder not in ended]
        return " ".join(f"{one.seed}:{self.steps[one.folder] / one.experiment.steps:.0%}" for one in going)


def shown(row: Row | None) -> str:
    """The median, and the least and the most if there are several seeds."""
    if row is None:
        return ""
    median, least, most = ("not finite" if value is None else f"{value:.4g}" for value in row[3:])
    return median if row.seeds == 1 else f"{median} ({least} to {most})"


@contextmanager
def watch_sweep(board: Board) -> Iterator[Any]:
    """A function to be called with each run's outcome; what is shown goes to standard error."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda point: console.print(_line(board, point), soft_wrap=True, highlight=False, markup=False)
        return
    with Live(get_renderable=board.table, console=console, refresh_per_second=2, transient=True):
        yield lambda point: None


def _line(board: Board, point: Point) -> str:
    values = ", ".join(f"{grid.key}={value}" for grid, value in zip(board.grids, point.values, strict=True))
    metric = point.experiment.settings.task.metric
    if point.folder in board.results:
        models = board.results[point.folder]["models"]
        became = ", ".join(f"{name} {metric} {models[name][metric]}" for name in models)
    else:
        became = board.errors.get(point.folder, "stopped")
    return printable(f"{board.title()}: {values}, seed {point.seed}: {became}")
