"""The folder of an experiment: a run, and beside it the config that somebody needs who finds the folder later."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from sabcore.array.files import write_atomically
from sabcore.errors import FormatError
from sabcore.train.experiment import Experiment
from sabcore.train.origin import origin
from sabcore.train.run import CHECKPOINT, Run

CONFIG = "config.json"


def begin_run(folder: str | os.PathLike, experiment: Experiment, xp: Any = np) -> Run:
    """A new run of the experiment in `folder`, at step 0, with its config; its notes say how many steps it is to get.

    Raises:
        FormatError: as `Run.create`, or the config cannot be written.
    """
    run = Run.create(folder, experiment.settings, experiment.models, {"steps": experiment.steps}, xp)
    try:
        write_config(folder, experiment)
    except FormatError:
        run.close()
        raise
    return run


def open_run(folder: str | os.PathLike, experiment: Experiment, xp: Any = np) -> Run:
    """The run of this experiment in `folder`, where its last checkpoint left it, or a new one.

    Raises:
        FormatError: as `Run.create` and `Run.resume`, or a run of another experiment, which is left alone.
    """
    if not os.path.lexists(Path(folder) / CHECKPOINT):
        return begin_run(folder, experiment, xp)
    run = Run.resume(folder, xp)
    models = {learner.name: learner.model for learner in run.snapshot.learners}
    if run.settings != experiment.settings or models != experiment.models:
        run.close()
        raise FormatError(f"{folder} holds a run of another experiment; choose another folder")
    if not os.path.lexists(Path(folder) / CONFIG):  # it was killed before that was written
        write_config(folder, experiment)
    return run


def write_config(folder: str | os.PathLike, experiment: Experiment) -> None:
    """The experiment with every default filled in, its digest, and where it is from.

    Raises:
        FormatError: it cannot be written.
    """
    config = {**experiment.to_dict(), "digest": experiment.digest, **origin()}
    write_atomically(Path(folder) / CONFIG, (json.dumps(config, indent=1) + "\n").encode())
