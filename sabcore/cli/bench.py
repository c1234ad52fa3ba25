"""`sab bench`: this engine side by side with its peers, on this machine."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from sabcore.engine import ENGINES
from sabcore.errors import FormatError
from sabcore.text import printable

#: Engines that take NumPy arrays, the fastest first.
CPU_ENGINES = [name for name in ("cpu", "plain") if name in ENGINES]


@click.command()
@click.option("--quick", is_flag=True, help="Small sizes, less than a minute.")
@click.option("--long", "long_wanted", is_flag=True, help="Also one sequence of a million steps.")
@click.option("--engine", default=CPU_ENGINES[0], show_default=True, type=click.Choice(CPU_ENGINES),
              help="The engine that everybody else is compared with.")  # fmt: skip
@click.option("--threads", type=click.IntRange(min=1), help="For everybody but JAX.  [default: every core]")
@click.option("--out", default="runs/bench", show_default=True, type=click.Path(path_type=Path, file_okay=False),
              help="The folder for the JSON file, the table and the picture.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print everything that was found as JSON.")
@click.pass_context
def bench(
    ctx: click.Context, quick: bool, long_wanted: bool, engine: str, threads: int | None, out: Path, as_json: bool
) -> None:
    """Time this engine against PyTorch, JAX and the machine's limits, after checking that all compute the same.

    PyTorch and JAX take part where they are installed. Each peer has a process alone with this engine; their runs are
    interleaved and ratios are medians, so that a busy machine harms them little. Exit code 1 if anybody's gradients
    disagree.
    """
    from sabcore.benchmarks import cpu, report
    from sabcore.benchmarks.threads import cores

    _make(out)
    suite, threads = cpu.QUICK if quick else cpu.FULL, threads or cores()
    with _progress(cpu.count(suite, engine, threads, long_wanted), silent=as_json) as (tick, done):
        found = cpu.run(suite, engine, threads, long_wanted, tick, done)
    _write(out, found, report.markdown(found))
    click.echo(json.dumps(found) if as_json else report.markdown(found))
    if not as_json:
        click.echo(printable(f"written: {', '.join(str(out / name) for name in ('cpu.json', 'cpu.md', 'cpu.png'))}"))
    ctx.exit(0 if cpu.agreed(found) else 1)


def _make(out: Path) -> None:
    """The folder, before minutes have been spent."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FormatError(f"{out} cannot be made a folder for the results: {error.strerror}") from error


def _write(out: Path, found: dict[str, Any], text: str) -> None:
    from sabcore.array.files import write_atomically
    from sabcore.benchmarks.picture import draw

    write_atomically(out / "cpu.json", (json.dumps(found, indent=1) + "\n").encode())
    write_atomically(out / "cpu.md", text.encode())
    sab = [race for race in found["races"] if race["model"] == "SAB" and race["threads"] == found["threads"]]
    title = f"SAB, k_top = 10, k_att = 1, B = {sab[0]['B']}, {found['machine']['cpu']}, {found['threads']} threads"
    draw(out / "cpu.png", sab, title)


@contextmanager
def _progress(total: int, *, silent: bool) -> Iterator[tuple[Callable[[str], None], Callable[[str], None]]]:
    """Two functions: one is told what runs now, the other that a part is done."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (MofNCompleteColumn(), BarColumn(20), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True, disable=silent) as bar:
        task = bar.add_task("starting", total=total)

        def tick(text: str) -> None:
            bar.update(task, description=text)

        def done(text: str) -> None:
            bar.advance(task)
            if not console.is_terminal and not silent:
                console.print(f"done: {text}", highlight=False)

        yield tick, done
