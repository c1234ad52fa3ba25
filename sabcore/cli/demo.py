"""`sab demo NAME`: small experiments that show one thing each."""

from __future__ import annotations

import json
import shlex
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
from sabcore.model.config import PRESETS
from sabcore.train.run import Run

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
@option("--preset", type=click.Choice([name for name in PRESETS if name != "lstm"]), default=DEFAULTS.preset,
        help="The variant of SAB.")  # fmt: skip
@option("--steps", type=int, default=DEFAULTS.steps, help="Training steps; a resumed run may get more.")
@option("--batch", type=int, default=DEFAULTS.batch, help="Sequences a step.")
@option("--lr", type=float, default=DEFAULTS.lr, help="Adam's learning rate.")
@option("--seed", type=int, default=DEFAULTS.seed, help="Fixes the initial weights and all data.")
@option("--dtype", type=click.Choice(["float32", "float64"]), default=DEFAULTS.dtype, help="What to compute in.")
@click.option("--device", type=click.Choice(DEVICES), default="cpu", show_default=True, help="Where to compute.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/copy"), show_default=True,
              help="The folder for picture, log, checkpoint and models.")  # fmt: skip
@click.option("--resume", is_flag=True, help="Go on with the run in that folder, with its own options.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def copy_command(device: str, out: Path, resume: bool, as_json: bool, **options: Any) -> None:
    """Train SAB, truncated BPTT and full BPTT side by side on the copy task.

    Ten symbols out of 8, a wait, a marker; then say the symbols again. Truncated BPTT sees no further than k-trunc
    steps; SAB neither, but its memories remind it of the step where the symbol was seen.
    """
    given = {name: value for name, value in options.items() if value is not None}
    xp = resolve(device)
    run, chosen = (experiment.resume if resume else experiment.begin)(out, given, xp)
    if not _train(run, chosen.steps):
        go_on = f"sab demo copy --resume --out {shlex.quote(str(out))}"
        click.echo(f"stopped at step {run.step} of {chosen.steps}; go on with: {go_on}", err=True)
        sys.exit(INTERRUPTED)
    results = experiment.finish(run, chosen)
    if as_json:
        click.echo(json.dumps({"out": str(out), "options": run.notes, "models": results}, indent=2))
    else:
        _print_results(results, out)


def _train(run: Run, steps: int) -> bool:
    """Train to the end and say True, or to the step at which Ctrl-C was pressed, and save.

    One thread for matrix products: they are small, and the order of their sums must not depend on the machine.
    """
    with (
        threadpool_limits(1, user_api="blas"),
        interrupts() as stopped,
        watch(experiment.MODELS, run.step, steps) as show,
    ):
        for record in run.train(steps):
            show(record)
            if stopped() and run.step < steps:
                run.save()
                return False
    return True


def _print_results(results: dict[str, dict], out: Path) -> None:
    table = Table(title=f"Copy task, {experiment.EVALUATED} sequences never trained on (chance is 12.5 %)")
    for heading in ("model", "loss", "symbols recalled", "steps skipped"):
        table.add_column(heading, justify="left" if heading == "model" else "right")
    for name, words in experiment.MODELS.items():
        result = results[name]
        loss = "not finite" if result["loss"] is None else f"{result['loss']:.3f}"
        table.add_row(words, loss, f"{result['accuracy']:.1%}", str(result["skipped"]))
    Console().print(table)
    click.echo(f"picture: {out / 'copy.png'}   log: {out / 'log.jsonl'}   checkpoint: {out / 'checkpoint.safetensors'}")
