"""Showing training as it happens: live on a terminal, a few plain lines anywhere else."""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.progress_bar import ProgressBar
from rich.table import Table

#: Loss and accuracy are shown as the mean over so many steps; a single batch is noisy.
WINDOW = 25
PLAIN_LINES = 10

#: Each model's latest records. One that is done has no new ones, and its last stay.
Recent = Mapping[str, deque[dict]]


@contextmanager
def watch(
    models: Mapping[str, str], done: int, steps: int, metric: str = "accuracy"
) -> Iterator[Callable[[dict], None]]:
    """A function that shows a step's record; progress goes to standard error, so that output can be piped."""
    console = Console(stderr=True)
    recent = {name: deque[dict](maxlen=WINDOW) for name in models}

    def note(record: dict) -> None:
        for name, of_model in recent.items():
            if name in record:
                of_model.append(record[name])

    if not console.is_terminal:

        def show_plainly(record: dict) -> None:
            note(record)
            if record["step"] == steps or record["step"] % max(1, steps // PLAIN_LINES) == 0:
                line = f"step {record['step']}/{steps}: {_line(models, recent, metric)}"
                console.print(line, soft_wrap=True, highlight=False, markup=False)

        yield show_plainly
        return
    bar = Progress(TextColumn("step"), MofNCompleteColumn(), BarColumn(None), TimeElapsedColumn(), console=console)
    task = bar.add_task("training", total=steps, completed=done)
    with Live(console=console, refresh_per_second=8, transient=True) as live:

        def show_live(record: dict) -> None:
            note(record)
            bar.update(task, completed=record["step"])
            live.update(Group(_table(models, recent, metric), bar))

        yield show_live


@contextmanager
def interrupts() -> Iterator[Callable[[], bool]]:
    """A function that tells whether Ctrl-C was pressed, so that a step is never left half-done; a second one aborts."""
    pressed = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal pressed
        pressed = True
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield lambda: pressed
    finally:
        signal.signal(signal.SIGINT, before)


def _mean(recent: deque[dict], quantity: str) -> float:
    known = [record[quantity] for record in recent if record[quantity] is not None]
    return sum(known) / len(known) if known else float("nan")


def _practises(recent: deque[dict], before: str = "") -> str:
    return f"{before}{recent[-1]['T']}" if recent and "T" in recent[-1] else ""


def _line(models: Mapping[str, str], recent: Recent, metric: str) -> str:
    return "; ".join(
        f"{words}{_practises(recent[name], ' at T ')}, loss {_mean(recent[name], 'loss'):.3f}, "
        f"{metric} {_shown(metric, _mean(recent[name], metric))}"
        for name, words in models.items()
    )


def _table(models: Mapping[str, str], recent: Recent, metric: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("", "T", "loss", metric, ""):
        table.add_column(heading, justify="right" if heading else "left")
    for name, words in models.items():
        value = _mean(recent[name], metric)
        gauge = ProgressBar(total=1, completed=value, width=30) if metric == "accuracy" else ""
        loss = f"{_mean(recent[name], 'loss'):.3f}"
        table.add_row(words, _practises(recent[name]), loss, _shown(metric, value), gauge)
    return table


def _shown(metric: str, value: float) -> str:
    return f"{value:.1%}" if metric == "accuracy" else f"{value:.4f}"
