"""Interleaved timing: A B A B ..., so that what slows the machine for a while slows everybody."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple

Runs = Mapping[str, Callable[[], Any]]
#: Runs something once and says how many seconds it took.
Clock = Callable[[Callable[[], Any]], float]


class Spread(NamedTuple):
    """The middle and the quartiles of a few numbers."""

    median: float
    low: float
    high: float


class Times(NamedTuple):
    """Seconds by name: `first`, the run that warmed up and may have compiled, and every run after that, in order."""

    first: dict[str, float]
    rounds: dict[str, list[float]]

    def spread(self, name: str) -> Spread:
        """That of one entrant's times."""
        return spread(self.rounds[name])

    def ratio(self, slow: str, fast: str) -> Spread:
        """How many times longer `slow` took than `fast`, round by round."""
        return spread([a / b for a, b in zip(self.rounds[slow], self.rounds[fast], strict=True)])


def spread(values: Sequence[float]) -> Spread:
    """Median and quartiles, each a value that occurred or the mean of two."""
    ranked = sorted(values)
    half = (len(ranked) + 1) // 2
    return Spread(median(ranked), median(ranked[:half]), median(ranked[-half:]))


def wall(run: Callable[[], Any]) -> float:
    """Seconds on the clock on the wall. What the run returns is let go only after the clock has stopped."""
    start = time.perf_counter()
    result = run()
    seconds = time.perf_counter() - start
    del result
    return seconds


def interleave(
    runs: Runs,
    budget: float,
    clock: Clock = wall,
    least: int = 3,
    most: int = 21,
    settle: float = 0.0,
    tick: Callable[[str], None] = lambda text: None,
) -> Times:
    """Warm up, then time all runs in turn, again and again.

    Args:
        budget: seconds; as many rounds as fit by the look of the warm-up's second half, from `least` to `most`.
        settle: seconds of rest before each timed run. Threads of OpenMP and OpenBLAS spin for a while after their last
            work, and whoever runs next should not have to share the cores with them.
        tick: called with a word on what runs next.
    """
    first, second = {}, {}
    for name, run in runs.items():
        tick(f"{name}, warming up")
        first[name] = clock(run)
        second[name] = clock(run) if first[name] < budget / 8 else first[name]
    rounds = max(least, min(most, int(budget / sum(second.values()))))
    times: dict[str, list[float]] = {name: [] for name in runs}
    for k in range(rounds):
        for name, run in runs.items():
            tick(f"{name}, round {k + 1} of {rounds}")
            time.sleep(settle)
            times[name].append(clock(run))
    return Times(first, times)
