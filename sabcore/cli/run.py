"""`sab run`: an experiment from a file, with one seed or several, each in a folder of its own."""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import replace
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
from sabcore.text import printable
from sabcore.train.begin import begin_run, open_run
from sabcore.train.experiment import Experiment, read_experiment
from sabcore.train.loop import evaluate
from sabcore.train.run import Run
from sabcore.train.spread import Spread, spread
from sabcore.train.task import Task

#: Sequences that are evaluated at the end, unless told otherwise.
EVALUATED = 256

#: What one seed gave, by model: its loss and its metric on sequences never trained on.
Found = dict[str, dict[str, float | None]]


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False), required=False)
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE",
              help="Change a value of the file, as in --set training.seed=3; may be given again.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/experiment"), show_default=True,
              help="The folder for config, log, checkpoint and pictures.")  # fmt: skip
@click.option("--resume", is_flag=True, help="Go on with the run in that folder; no FILE is needed.")
@click.option("--steps", type=click.IntRange(1, 10**9), help="Train until this step; the default is the file's.")
@click.option("--seeds", type=click.IntRange(1, 1000), default=1, show_default=True,
              help="So many runs, of this seed and the next ones, each in a folder of its own below.")  # fmt: skip
@click.option("--success", type=float,
              help="With --seeds: a seed succeeds whose metric is at least this; "
                   "at most, if the metric is an error.")  # fmt: skip
@click.option("--evaluate", "sequences", type=click.IntRange(1, 10**6), default=EVALUATED, show_default=True,
              help="Sequences, never trained on, that are evaluated at the end.")  # fmt: skip
@click.option("--device", type=click.Choice(DEVICES), default="cpu", show_default=True, help="Where to compute.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def run(
    file: Path | None, changes: tuple[str, ...], out: Path, resume: bool, steps: int | None, seeds: int,
    success: float | None, sequences: int, device: str, as_json: bool,
) -> None:  # fmt: skip
    """Train the models of an experiment, a TOML file, on its task.

    The repository's folder `experiments` holds some. The folder of a run gets the resolved config, with its digest, the
    versions, the machine and the commit, a log of one line a step, a checkpoint from which a killed run goes on, the
    curves, and a picture of what each memory reads. A run that was stopped goes on with --resume; with --seeds, by the
    same command again.
    """
    xp = resolve(device)
    if seeds > 1:
        _run_seeds(file, changes, out, resume, steps, seeds, success, sequences, xp, as_json)
        return
    with _resume(file, changes, out, xp) if resume else _begin(file, changes, out, xp) as one:
        found = _to_the_end(one, steps, sequences, f"sab run --resume --out {shlex.quote(str(out))}")
        task = one.settings.task
        answer = {"out": str(out), "step": one.step, "chance": task.chance, "floor": task.floor, "models": found}
    if as_json:
        click.echo(json.dumps(answer, indent=2))
    else:
        _print_one(task, found, sequences)


def _begin(file: Path | None, changes: tuple[str, ...], out: Path, xp: Any) -> Run:
    return begin_run(out, _experiment(file, changes), xp)


def _experiment(file: Path | None, changes: tuple[str, ...]) -> Experiment:
    if file is None:
        raise ConfigError("there is no FILE; name an experiment, or give --resume")
    return read_experiment(file, changes)


def _resume(file: Path | None, changes: tuple[str, ...], out: Path, xp: Any) -> Run:
    if file is not None or changes:
        raise ConfigError("a run is resumed as it was begun: leave out FILE and --set")
    return Run.resume(out, xp)


def _to_the_end(one: Run, steps: int | None, sequences: int, go_on: str) -> Found:
    """Train the run, draw its pictures, and measure its models; leave the program if Ctrl-C was pressed."""
    one.notes["steps"] = steps or one.notes.get("steps")
    if not isinstance(one.notes["steps"], int) or one.notes["steps"] < one.step:
        raise ConfigError(f"steps is {one.notes['steps']}, but the run in {one.folder} is at step {one.step} already")
    if not _train(one, one.notes["steps"]):
        click.echo(printable(f"stopped at step {one.step} of {one.notes['steps']}; go on with: {go_on}"), err=True)
        sys.exit(INTERRUPTED)
    from sabcore.train.pictures import draw_run  # slow to load, and bad input is told at once

    draw_run(one)
    return {learner.name: evaluate(one.settings, learner, sequences, one.xp) for learner in one.snapshot.learners}


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


def _run_seeds(
    file: Path | None, changes: tuple[str, ...], out: Path, resume: bool, steps: int | None, seeds: int,
    success: float | None, sequences: int, xp: Any, as_json: bool,
) -> None:  # fmt: skip
    """Every seed to its end, their curves in one picture, and what they say together."""
    from sabcore.train.pictures import CURVES, draw_curves

    if resume:
        raise ConfigError("with --seeds the same command goes on where it stopped: leave out --resume")
    experiment, found, logs = _experiment(file, changes), {}, []
    task, first = experiment.settings.task, experiment.settings.seed
    for seed in range(first, first + seeds):
        settings = replace(experiment.settings, seed=seed)
        with open_run(out / f"seed-{seed}", replace(experiment, settings=settings), xp) as one:
            found[seed] = _to_the_end(one, steps or experiment.steps, sequences, shlex.join(["sab", *sys.argv[1:]]))
            logs.append(one.read_log())
    draw_curves(out / CURVES, logs, list(experiment.models), task)
    together = {}
    for name in experiment.models:
        values = [of_seed[name][task.metric] for of_seed in found.values()]
        together[name] = spread(values, task.higher_is_better, success)
    if as_json:
        models = {name: one._asdict() for name, one in together.items()}
        answer = {"out": str(out), "chance": task.chance, "floor": task.floor, "models": models, "seeds": found}
        click.echo(json.dumps(answer, indent=2))
    else:
        _print_seeds(task, together, sequences)


def _print_one(task: Task, found: Found, sequences: int) -> None:
    table = Table(title=f"{task.name}, {sequences} sequences never trained on")
    for heading in ("model", "loss", task.metric):
        table.add_column(heading, justify="left" if heading == "model" else "right")
    for name, result in found.items():
        table.add_row(name, *map(_shown, result.values()))
    table.add_row("(chance)", f"{task.floor:.4g}", f"{task.chance:.4g}")
    Console().print(table)


def _print_seeds(task: Task, together: dict[str, Spread], sequences: int) -> None:
    table = Table(title=f"{task.name}: {task.metric} over seeds, {sequences} sequences never trained on")
    for heading in ("model", "seeds", "median", "least", "most", "succeed"):
        table.add_column(heading, justify="left" if heading == "model" else "right")
    for name, one in together.items():
        share = "" if one.succeed is None else f"{one.succeed} of {one.seeds}"
        table.add_row(name, str(one.seeds), *map(_shown, (one.median, one.least, one.most)), share)
    table.add_row("(chance)", "", f"{task.chance:.4g}")
    Console().print(table)


def _shown(value: float | None) -> str:
    return "not finite" if value is None else f"{value:.4g}"
