"""`sab demo NAME`: small experiments that show one thing each."""

from __future__ import annotations

import dataclasses
import json
import shlex
import statistics
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from sabcore.array.device import DEVICES, resolve
from sabcore.cli import INTERRUPTED
from sabcore.cli.watch import interrupts, watch
from sabcore.demos import copy as experiment
from sabcore.text import printable
from sabcore.train.run import CHECKPOINT, LOG, Run

DEFAULTS = experiment.Options()


@click.group()
def demo() -> None:
    """Small experiments that show one thing each."""


def option(*names: str, default: Any = None, **more: Any) -> Any:
    """An option whose default is only told, not filled in, so that a resumed run knows what was really given."""
    return click.option(*names, default=None, show_default=str(default), **more)


@demo.command("copy")
@option("-T", "T", type=int, default=DEFAULTS.T, help="How far apart symbols and recall are, in steps.")
@option("--hidden", type=int, default=DEFAULTS.hidden, help="Hidden units of each model.")
@option("--k-top", type=int, default=DEFAULTS.k_top, help="How many memories a step of SAB reads.")
@option("--k-att", type=int, default=DEFAULTS.k_att, help="Every k-att-th hidden state becomes a memory.")
@option("--k-trunc", type=int, default=DEFAULTS.k_trunc, help="The local window of SAB and truncated BPTT, in steps.")
@option("--preset", type=click.Choice(experiment.SHOWN), default=DEFAULTS.preset,
        help="The variant of SAB.")  # fmt: skip
@option("--steps", type=int, default=DEFAULTS.steps, help="Training steps; a resumed run may get more.")
@option("--batch", type=int, default=DEFAULTS.batch, help="Sequences a step.")
@option("--lr", type=float, default=DEFAULTS.lr, help="Adam's learning rate.")
@option("--seed", type=int, default=DEFAULTS.seed, help="Fixes the initial weights and all data.")
@option("--dtype", type=click.Choice(["float32", "float64"]), default=DEFAULTS.dtype, help="What to compute in.")
@click.option("--device", type=click.Choice(DEVICES), default="cpu", show_default=True, help="Where to compute.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/copy"), show_default=True,
              help="The folder for picture, log, checkpoint and models.")  # fmt: skip
@click.option("--sab-alone", is_flag=True, default=None, help="Leave the two LSTMs out.")
@click.option("--seeds", type=click.IntRange(1, 1000), default=1, show_default=True,
              help="So many runs, of this seed and the next ones, each in a folder of its own below.")  # fmt: skip
@click.option("--resume", is_flag=True, help="Go on with the run in that folder, with its own options.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def copy_command(device: str, out: Path, seeds: int, resume: bool, as_json: bool, **options: Any) -> None:
    """Train SAB, truncated BPTT and full BPTT side by side on the copy task.

    Ten symbols out of 8, a wait of T, a marker; then say the symbols again. Truncated BPTT sees no further than k-trunc
    steps; SAB neither, but its memories remind it of the step where the symbol was seen. Each begins with T = 5 and
    goes on to longer waits as it learns; what it has learned at T is then tried at up to 50 T.
    """
    given = {name: value for name, value in options.items() if value is not None}
    xp, found = resolve(device), {}
    first = given.get("seed", DEFAULTS.seed)
    for seed in range(first, first + seeds):
        folder, of_seed = (out, given) if seeds == 1 else (out / f"seed-{seed}", {**given, "seed": seed})
        # With several seeds, --resume goes on with those that were begun and begins the others.
        again = resume and (seeds == 1 or (folder / CHECKPOINT).exists())
        found[seed] = _run(folder, of_seed, xp, again, quiet=as_json)
    if as_json:
        click.echo(json.dumps(next(iter(found.values())) if seeds == 1 else list(found.values()), indent=2))
    elif seeds > 1:
        _print_seeds(found)


def _run(out: Path, given: dict[str, Any], xp: Any, resume: bool, quiet: bool) -> dict:
    """One run to its end: what `--json` prints of it."""
    run, chosen = (experiment.resume if resume else experiment.begin)(out, given, xp)
    with run:
        if not _train(run, chosen):
            go_on = f"sab demo copy --resume --out {shlex.quote(str(out))}"
            click.echo(printable(f"stopped at step {run.step} of {chosen.steps}; go on with: {go_on}"), err=True)
            sys.exit(INTERRUPTED)
        results = experiment.finish(run, chosen)
    if not quiet:
        _print_results(results, chosen, out)
    return {"out": str(out), "options": dataclasses.asdict(chosen), "models": results}


def _train(run: Run, options: experiment.Options) -> bool:
    """Train to the end and say True, or to the step at which Ctrl-C was pressed, and save.

    One thread for matrix products: they are small, and the order of their sums must not depend on the machine.
    """
    steps = options.steps
    with (
        threadpool_limits(1, user_api="blas"),
        interrupts() as stopped,
        watch(options.shown(), run.step, steps) as show,
    ):
        for record in run.train(steps):
            show(record)
            if stopped() and run.step < steps and not run.finished:
                run.save()
                return False
    return True


def _print_results(results: dict[str, dict], options: experiment.Options, out: Path) -> None:
    lengths = list(results["sab"]["transfer"])
    title = f"Symbols recalled, of {experiment.EVALUATED} sequences never trained on (chance is 12.5 %)"
    table = Table(title=title, caption=f"seed {options.seed}; T = {lengths[0]} was to be learned, the rest is transfer")
    for heading in ("model", "updates", "came to T", *(f"T = {length}" for length in lengths)):
        table.add_column(heading, justify="left" if heading == "model" else "right")
    for name, words in options.shown().items():
        result = results[name]
        table.add_row(words, str(result["updates"]), str(result["T"]), *map(_percent, result["transfer"].values()))
    Console().print(table)
    click.echo(printable(f"picture: {out / 'copy.png'}   log: {out / LOG}   checkpoint: {out / CHECKPOINT}"))


def _print_seeds(found: dict[int, dict]) -> None:
    """The median and the spread over seeds, and how many of them solved each length."""
    lengths = list(next(iter(found.values()))["models"]["sab"]["transfer"])
    title = f"{len(found)} seeds: median (least to most) of symbols recalled, and how many recall 99 %"
    table = Table(title=title)
    for heading in ("model", *(f"T = {length}" for length in lengths)):
        table.add_column(heading, justify="left" if heading == "model" else "right")
    for name in next(iter(found.values()))["models"]:
        cells = []
        for length in lengths:
            values = sorted(run["models"][name]["transfer"][length] or 0.0 for run in found.values())
            solved = sum(value >= experiment.SOLVED for value in values)
            spread = f"{_percent(values[0])} to {_percent(values[-1])}"
            cells.append(f"{_percent(statistics.median(values))}\n({spread})\n{solved} of {len(values)}")
        table.add_row(experiment.MODELS[name], *cells)
    Console().print(table)


def _percent(value: float | None) -> str:
    return "not finite" if value is None else f"{value:.1%}"
