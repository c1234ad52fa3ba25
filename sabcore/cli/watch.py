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
def watch(models: Mapping[str, str], done: int, steps: int) -> Iterator[Callable[[dict], None]]:
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
                line = f"step {record['step']}/{steps}: {_line(models, recent)}"
                console.print(line, soft_wrap=True, highlight=False, markup=False)

        yield show_plainly
        return
    bar = Progress(TextColumn("step"), MofNCompleteColumn(), BarColumn(None), TimeElapsedColumn(), console=console)
    task = bar.add_task("training", total=steps, completed=done)
    with Live(console=console, refresh_per_second=8, transient=True) as live:

        def show_live(record: dict) -> None:
            note(record)
            bar.update(task, completed=record["step"])
            live.update(Group(_table(models, recent), bar))

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


def _practises(recent: deque[dict]) -> str:
    return str(recent[-1].get("T", "")) if recent else ""


def _line(models: Mapping[str, str], recent: Recent) -> str:
    return "; ".join(
        f"{words} at T {_practises(recent[name])}, loss {_mean(recent[name], 'loss'):.3f}, "
        f"{_mean(recent[name], 'accuracy'):.0%} right"
        for name, words in models.items()
    )


def _table(models: Mapping[str, str], recent: Recent) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("", "T", "loss", "accuracy", ""):
        table.add_column(heading, justify="right" if heading else "left")
    for name, words in models.items():
        accuracy = _mean(recent[name], "accuracy")
        gauge = ProgressBar(total=1, completed=accuracy, width=30)
        table.add_row(words, _practises(recent[name]), f"{_mean(recent[name], 'loss'):.3f}", f"{accuracy:.1%}", gauge)
    return table
