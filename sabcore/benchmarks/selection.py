"""Top-k of a step's scores, on one thread, against `torch.topk` and `np.argpartition` with a sort of what it finds.

Three times of each: a row of a batch, and a row alone, both through the public functions and their checks of arguments;
and, of ours, a row where compiled code calls it, as the CPU engine does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

from sabcore.engine.cpu.topk import room, select_row
from sabcore.engine.topk import topk

from .measure import Runs, Times, interleave
from .threads import load_libraries, use_threads

#: Sequences, and how many to select: k_top + 1.
ROWS, K = 64, 11
LENGTHS = (100, 1_000, 10_000)
#: Calls in one timed run on a single row: one call is too short for a clock.
CALLS = 64


def race(lengths: tuple[int, ...] = LENGTHS, seconds: float = 1.0) -> list[dict[str, Any]]:
    """At each length, after checking that all find the same: {"n", "k", "rows", "us", "one_us", "compiled_us", "ratio",
    "wrong"}; times are microseconds a row, `ratio` how many times longer torch.topk took than ours, a batch at a time.
    """
    load_libraries(["torch"])
    with use_threads(1):
        return [_race(n, seconds) for n in lengths]


def _race(n: int, seconds: float) -> dict[str, Any]:
    a = np.random.default_rng(n).standard_normal((ROWS, n), dtype="float32")
    want = np.argsort(-a, axis=1, kind="stable")[:, :K]
    runs = _entrants(a)
    wrong = [name for name, run in runs.items() if not np.array_equal(np.asarray(run()[0]), want)]
    kept = {name: run for name, run in runs.items() if name not in wrong}
    batch = interleave(kept, seconds, least=5, most=201)
    alone = interleave({name: _again(run) for name, run in _entrants(a[:1]).items() if name in kept}, seconds, most=51)
    compiled = interleave({"it": _compiled(a)}, seconds / 4, least=5, most=51)
    ratio = batch.ratio("torch.topk", "sabcore.topk")._asdict() if {"torch.topk", "sabcore.topk"} <= {*kept} else None
    return {
        "n": n,
        "k": K,
        "rows": ROWS,
        "us": _microseconds(batch, ROWS),
        "one_us": _microseconds(alone, CALLS),
        "compiled_us": _microseconds(compiled, ROWS)["it"],
        "ratio": ratio,
        "wrong": wrong,
    }


def _entrants(a: np.ndarray) -> Runs:
    """a (rows,n) -> indices and values (rows,K), by everybody who is here."""
    runs: dict[str, Callable[[], Any]] = {"sabcore.topk": lambda: topk(a, K)}
    runs["np.argpartition"] = lambda: by_partition(a, K)
    try:
        import torch
    except ImportError:
        return runs
    tensor = torch.from_numpy(a)
    return runs | {"torch.topk": lambda: tuple(reversed(torch.topk(tensor, K)))}


def _again(run: Callable[[], Any]) -> Callable[[], None]:
    def calls() -> None:
        for _ in range(CALLS):
            run()

    return calls


def _compiled(a: np.ndarray) -> Callable[[], None]:
    n, size = a.shape[1], room(a.shape[1], K)
    scratch = np.empty(size, np.int64), np.empty(size, a.dtype), np.empty(size, np.int32), np.empty(size, np.int32)
    indices, values = np.empty((ROWS, K), np.int64), np.empty((ROWS, K), a.dtype)
    return lambda: _select_rows(a, n, K, indices, values, *scratch)


@njit(error_model="numpy")
def _select_rows(a, n, k, indices, values, found, v, order, rank):  # type: ignore[no-untyped-def]
    for row in range(len(a)):
        select_row(a[row], n, k, indices[row], values[row], found, v, order, rank)


def _microseconds(times: Times, rows: int) -> dict[str, float]:
    return {name: times.spread(name).median / rows * 1e6 for name in times.rounds}


def by_partition(a: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k largest of each row of a (rows,n), best first, as NumPy has them: indices and values."""
    found = np.argpartition(-a, k - 1, axis=1)[:, :k]
    values = np.take_along_axis(a, found, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")
    return np.take_along_axis(found, order, axis=1), np.take_along_axis(values, order, axis=1)
