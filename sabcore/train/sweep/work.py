"""One run of a sweep, from wherever it stands to its end: begun, resumed from its checkpoint, or done already."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sabcore.array.files import write_atomically
from sabcore.train.begin import open_run
from sabcore.train.experiment import Experiment
from sabcore.train.loop import evaluate

RESULT = "result.json"
#: More than this is no result.
LARGEST_RESULT = 1 << 20


def work(
    folder: str | os.PathLike,
    experiment: Experiment,
    sequences: int,
    tell: Callable[[int], None] = lambda step: None,
    stopped: Callable[[], bool] = lambda: False,
) -> dict[str, Any] | None:
    """Train the run in `folder` to its end, evaluate it, and leave the result beside it.

    Args:
        sequences: how many, never trained on, it is evaluated on.
        tell: called with the step that the run is at.
        stopped: asked after each step; if it says so, the run is saved and None returned.

    Returns:
        `{"digest", "sequences", "step", "models": {name: {"loss", METRIC}}}`.

    Raises:
        FormatError, TrainingError: as `Run`.
    """
    if (known := read_result(folder, experiment, sequences)) is not None:
        return known
    with open_run(folder, experiment) as run:
        tell(run.step)
        for _ in run.train(experiment.steps):
            tell(run.step)
            if stopped() and run.step < experiment.steps and not run.finished:
                run.save()
                return None
        models = {learner.name: evaluate(run.settings, learner, sequences) for learner in run.snapshot.learners}
        result = {"digest": experiment.digest, "sequences": sequences, "step": run.step, "models": models}
        write_atomically(Path(folder) / RESULT, (json.dumps(result, indent=1) + "\n").encode())
    return result


def read_result(folder: str | os.PathLike, experiment: Experiment, sequences: int) -> dict[str, Any] | None:
    """The result that `work` left there; None if there is none, or one of something else."""
    try:
        with open(Path(folder) / RESULT, "rb") as file:
            found = json.loads(file.read(LARGEST_RESULT))
        if (found["digest"], found["sequences"]) != (experiment.digest, sequences):
            return None
        metric = experiment.settings.task.metric
        models = {name: {key: _number(found["models"][name][key]) for key in ("loss", metric)}
                  for name in experiment.models}  # fmt: skip
        return {"digest": experiment.digest, "sequences": sequences, "step": int(found["step"]), "models": models}
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None


def _number(value: Any) -> float | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise TypeError(value)
    return value
