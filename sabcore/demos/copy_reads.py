"""What the recall reads, and what it reads where it errs: `python -m sabcore.demos.copy_reads FOLDER...`

At a longer wait than it was trained with, a model may err because blanks crowd the k_top memories, because the recall
reads itself, or because it reads another symbol than the one that is due. Here is counted which.

The recording is what this printed after

    sab demo copy --sab-alone --seeds 5
    python -m sabcore.demos.copy_reads runs/copy/seed-* > sabcore/demos/results/copy_reads.json
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np

from sabcore.demos.copy import EVALUATED
from sabcore.engine import attention, forward
from sabcore.errors import FormatError
from sabcore.model.config import SABConfig
from sabcore.train.learner import Learner
from sabcore.train.origin import origin
from sabcore.train.run import Run
from sabcore.train.task import CopyTask
from sabcore.train.task.copy import RECALL

#: The waits that are looked at, multiples of the one that was trained; the attention of so many sequences at a time.
MULTIPLES, AT_ONCE = (1, 10, 50), 4
#: What a memory can be of, as seen from the recall.
PLACES = ("due", "other", "blank", "recall")


def shares(config: SABConfig, w: np.ndarray, T: int) -> np.ndarray:
    """Weights w (T+20,B,N) of a run -> (4,10,B): how much of each step of the recall goes to each of `PLACES`.

    To the symbol that is due, to the other nine, to the steps between, and to the recall itself.
    """
    step = config.first_slot + config.k_att * np.arange(w.shape[2])  # that wrote slot j, from 1
    found = np.zeros((len(PLACES), RECALL, w.shape[1]))
    for place in range(RECALL):
        read = w[T + RECALL + place]
        due, seen = step == place + 1, (step >= 1) & (step <= RECALL)
        parts = (due, seen & ~due, (step > RECALL) & (step <= T + RECALL), step > T + RECALL)
        found[:, place] = [read[:, part].sum(axis=1) for part in parts]
    return found


def study(learner: Learner, task: CopyTask, seed: int, dtype: str, trained: int) -> dict[str, Any]:
    """What is recalled after a wait, what right and wrong answers read, and how far the state has moved since the end
    of the wait that was `trained`: the largest change of a hidden value. The sequences are those of the evaluation."""
    config, batch = learner.model.config, task.batch(seed, 0, EVALUATED, dtype)  # type: ignore[attr-defined]
    good, read, moved = [], [], 0.0
    for at in range(0, EVALUATED, AT_ONCE):
        some = slice(at, at + AT_ONCE)
        y, tape = forward(config, learner.judged, batch.x[:, some])
        good.append(y[-RECALL:].argmax(axis=-1) == batch.target[-RECALL:, some])
        read.append(shares(config, attention(config, learner.judged, tape), task.T))
        ends = (tape.h[wait + RECALL - 1] for wait in (task.T, trained))
        moved = max(moved, float(np.abs(np.subtract(*ends)).max()))
    right, weights = np.concatenate(good, axis=1), np.concatenate(read, axis=2)
    kinds = {name: _means(weights, which) for name, which in (("right", right), ("wrong", ~right))}
    return {"T": task.T, "recalled": float(right.mean()), "moved": round(moved, 4), **kinds}


def _means(weights: np.ndarray, which: np.ndarray) -> dict[str, float]:
    """Weights (4,10,B) over those answers (10,B): how many there are, and what each of `PLACES` gets on the mean."""
    if not which.any():
        return {"answers": 0}
    means = (round(float(part[which].mean()), 4) for part in weights)
    return {"answers": int(which.sum()), **dict(zip(PLACES, means, strict=True))}


def studies(folder: Path) -> dict[str, Any]:
    """Of the demo's run in that folder, at each of `MULTIPLES`.

    Raises:
        FormatError: no run there, or none of the copy demo.
    """
    with Run.resume(folder) as run:
        task, found = run.settings.task, [one for one in run.snapshot.learners if one.name == "sab"]
        if not isinstance(task, CopyTask) or not found:
            raise FormatError(f"{folder} holds another run, but should hold one of sab demo copy")
        waits = [
            study(found[0], replace(task, T=task.T * multiple), run.settings.seed, run.settings.dtype, task.T)
            for multiple in MULTIPLES
        ]
        return {"seed": run.settings.seed, "waits": waits}


@click.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, file_okay=False))
def main(folders: tuple[Path, ...]) -> None:
    """Say as JSON what the recall of trained copy demos reads, after the wait that was trained and longer ones."""
    found = sorted((studies(folder) for folder in folders), key=lambda one: one["seed"])
    click.echo(json.dumps({"runs": found, **origin()}, indent=1))


if __name__ == "__main__":
    main()
