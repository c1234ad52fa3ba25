"""`sab run`: an experiment from a file, in a folder of its own."""

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
from sabcore.errors import ConfigError
from sabcore.train.begin import begin_run
from sabcore.train.experiment import read_experiment
from sabcore.train.loop import evaluate
from sabcore.train.run import Run

#: Sequences that are evaluated at the end, unless told otherwise.
EVALUATED = 256


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False), required=False)
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE",
              help="Change a value of the file, as in --set training.seed=3; may be given again.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/experiment"), show_default=True,
              help="The folder for config, log and checkpoint.")  # fmt: skip
@click.option("--resume", is_flag=True, help="Go on with the run in that folder; no FILE is needed.")
@click.option("--steps", type=click.IntRange(1, 10**9), help="Train until this step; the default is the file's.")
@click.option("--evaluate", "sequences", type=click.IntRange(1, 10**6), default=EVALUATED, show_default=True,
              help="Sequences, never trained on, that are evaluated at the end.")  # fmt: skip
@click.option("--device", type=click.Choice(DEVICES), default="cpu", show_default=True, help="Where to compute.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def run(
    file: Path | None, changes: tuple[str, ...], out: Path, resume: bool, steps: int | None, sequences: int,
    device: str, as_json: bool,
) -> None:  # fmt: skip
    """Train the models of an experiment, a TOML file, on its task.

    The repository's folder `experiments` holds some. The folder of a run gets the resolved config, with its digest, the
    versions and the machine, a log of one line a step, and a checkpoint from which a killed run goes on.
    """
    xp = resolve(device)
    one = _resume(file, changes, out, xp) if resume else _begin(file, changes, out, xp)
    with one:
        one.notes["steps"] = steps or one.notes.get("steps")
        if not isinstance(one.notes["steps"], int) or one.notes["steps"] < one.step:
            raise ConfigError(f"steps is {one.notes['steps']}, but the run in {out} is at step {one.step} already")
        if not _train(one, one.notes["steps"]):
            go_on = f"sab run --resume --out {shlex.quote(str(out))}"
            click.echo(f"stopped at step {one.step} of {one.notes['steps']}; go on with: {go_on}", err=True)
            sys.exit(INTERRUPTED)
        _tell(one, sequences, as_json)


def _begin(file: Path | None, changes: tuple[str, ...], out: Path, xp: Any) -> Run:
    if file is None:
        raise ConfigError("there is no FILE; name an experiment, or give --resume")
    return begin_run(out, read_experiment(file, changes), xp)


def _resume(file: Path | None, changes: tuple[str, ...], out: Path, xp: Any) -> Run:
    if file is not None or changes:
        raise ConfigError("a run is resumed as it was begun: leave out FILE and --set")
    return Run.resume(out, xp)


def _train(one: Run, steps: int) -> bool:
    """Train to the end and say True, or to the step at which Ctrl-C was pressed, and save."""
    names = {learner.name: learner.name for learner in one.snapshot.learners}
    with (
        threadpool_limits(1, user_api="blas"),
        interrupts() as stopped,
        watch(names, one.step, steps, one.settings.task.metric) as show,
    ):
        for record in one.train(steps):
            show(record)
            if stopped() and one.step < steps and not one.finished:
                one.save()
                return False
    return True


def _tell(one: Run, sequences: int, as_json: bool) -> None:
    task = one.settings.task
    found = {learner.name: evaluate(one.settings, learner, sequences, one.xp) for learner in one.snapshot.learners}
    if as_json:
        answer = {"out": str(one.folder), "step": one.step, "chance": task.chance, "floor": task.floor, "models": found}
        click.echo(json.dumps(answer, indent=2))
        return
    table = Table(title=f"{task.name}, {sequences} sequences never trained on")
    for heading in ("model", "loss", task.metric):
        table.add_column(heading, justify="left" if heading == "model" else "right")
    for name, result in found.items():
        table.add_row(name, *("not finite" if value is None else f"{value:.4g}" for value in result.values()))
    table.add_row("(chance)", f"{task.floor:.4g}", f"{task.chance:.4g}")
    Console().print(table)
