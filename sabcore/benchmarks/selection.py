"""Top-k of a step's scores, against `np.argpartition` with a sort of what it finds, and `torch.topk`."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np

from sabcore.engine.topk import topk

from .measure import interleave

#: Sequences, and how many to select: k_top + 1.
ROWS, K = 64, 11
LENGTHS = (100, 1_000, 10_000)


def race(lengths: tuple[int, ...] = LENGTHS, seconds: float = 1.0) -> list[dict[str, Any]]:
    """Microseconds a row at each length, after checking that all find the same: {"n", "us": {name: median}}."""
    return [_race(n, seconds) for n in lengths]


def _race(n: int, seconds: float) -> dict[str, Any]:
    a = np.random.default_rng(n).standard_normal((ROWS, n), dtype="float32")
    runs = {"sabcore.topk": lambda: topk(a, K), "np.argpartition": lambda: by_partition(a, K)}
    if importlib.util.find_spec("torch"):
        import torch

        tensor = torch.from_numpy(a)
        runs["torch.topk"] = lambda: tuple(reversed(torch.topk(tensor, K)))
    want = np.argsort(-a, axis=1, kind="stable")[:, :K]
    wrong = [name for name, run in runs.items() if not np.array_equal(np.asarray(run()[0]), want)]
    kept = {name: run for name, run in runs.items() if name not in wrong}
    times = interleave(kept, seconds, least=5, most=51)
    return {"n": n, "us": {name: times.spread(name).median / ROWS * 1e6 for name in kept}, "wrong": wrong}


def by_partition(a: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k largest of each row of a (rows,n), best first, as NumPy has them: indices and values."""
    found = np.argpartition(-a, k - 1, axis=1)[:, :k]
    values = np.take_along_axis(a, found, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")
    return np.take_along_axis(found, order, axis=1), np.take_along_axis(values, order, axis=1)
