"""The folder of an experiment: a run, and beside it the config that somebody needs who finds the folder later."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path
from typing import Any

import numpy as np

import sabcore
from sabcore.array.files import write_atomically
from sabcore.errors import FormatError
from sabcore.train.experiment import Experiment
from sabcore.train.run import Run

CONFIG = "config.json"


def begin_run(folder: str | os.PathLike, experiment: Experiment, xp: Any = np) -> Run:
    """A new run of the experiment in `folder`, at step 0, with its config; its notes say how many steps it is to get.

    Raises:
        FormatError: as `Run.create`, or the config cannot be written.
    """
    run = Run.create(folder, experiment.settings, experiment.models, {"steps": experiment.steps}, xp)
    try:
        write_atomically(Path(folder) / CONFIG, (json.dumps(_config(experiment), indent=1) + "\n").encode())
    except FormatError:
        run.close()
        raise
    return run


def _config(experiment: Experiment) -> dict[str, Any]:
    versions = {"sabcore": sabcore.__version__, "python": platform.python_version(), "numpy": np.__version__}
    machine = {"system": platform.platform(), "processor": platform.machine()}
    return {**experiment.to_dict(), "digest": experiment.digest, "versions": versions, "machine": machine}
