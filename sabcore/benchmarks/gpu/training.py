"""A short training run on the card: the copy task, learned for real."""

from __future__ import annotations

import time
from typing import Any

from sabcore import SABConfig
from sabcore.train.loop import evaluate, start, train
from sabcore.train.model import Recurrent
from sabcore.train.settings import Settings
from sabcore.train.task import CopyTask

from .parts import PartFailedError

STEPS, AVERAGED = 300, 20


def train_copy(xp: Any, T: int = 20, steps: int = STEPS) -> dict[str, Any]:
    """Train SAB for a while: its loss at first and at last, its accuracy, and the time a step.

    Raises:
        PartFailedError: the loss did not fall.
    """
    task = CopyTask(T)
    sizes = {"input_size": task.input_size, "hidden_size": 128, "output_size": task.output_size}
    model = Recurrent(SABConfig.paper(**sizes, k_top=10, k_trunc=10))
    settings = Settings(task, batch_size=64, learning_rate=2e-3, seed=0, dtype="float32", clip_norm=1.0)
    losses = []
    began = time.perf_counter()
    for snapshot, record in train(settings, start(settings, {"sab": model}, xp), steps, xp):
        learner = snapshot.learners[0]
        losses.append(record["sab"]["loss"])
    seconds = time.perf_counter() - began
    result = evaluate(settings, learner, 256, xp)
    few = min(AVERAGED, max(1, steps // 2))
    first, last = sum(losses[:few]) / few, sum(losses[-few:]) / few
    found = {"T": T, "steps": steps, "first_loss": first, "last_loss": last, "accuracy": result["accuracy"]}
    found |= {"ms_per_step": seconds / steps * 1e3, "losses": losses}
    if not last < first:
        raise PartFailedError(f"the loss was {first:.4f} and is {last:.4f}", found)
    return found
