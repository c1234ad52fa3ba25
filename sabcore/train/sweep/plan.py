"""Which runs a sweep consists of: every combination of the grids' values, each with every seed."""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Sequence
from typing import NamedTuple

from sabcore.errors import ConfigError
from sabcore.train.experiment import Experiment, read_experiment

#: More runs than this are a slip of the finger.
MOST = 10_000
SEED = "training.seed"


class Grid(NamedTuple):
    """A value of the experiment that a sweep varies."""

    key: str  # as in `task.T`
    values: tuple[str, ...]  # as they were written


class Point(NamedTuple):
    """One run of a sweep."""

    values: tuple[str, ...]  # of each grid
    seed: int
    experiment: Experiment

    @property
    def folder(self) -> str:
        """Its folder's name, the beginning of its config's digest: the same for the same run in any sweep."""
        return self.experiment.digest[:16]


def read_grids(texts: Sequence[str]) -> list[Grid]:
    """("task.T=5,10", ...) -> the grids.

    Raises:
        ConfigError: one without a key or a value, a value that comes twice, or two grids of one key.
    """
    grids = [_grid(text) for text in texts]
    if not grids:
        raise ConfigError("a sweep needs something to vary: give --grid, as in --grid task.T=5,10")
    keys = [grid.key for grid in grids]
    if SEED in keys:
        raise ConfigError(f"--grid varies {SEED}, but seeds are varied by --seeds")
    if twice := [key for key in keys if keys.count(key) > 1]:
        raise ConfigError(f"two grids vary {twice[0]}; give one, with all its values")
    return grids


def plan(path: str | os.PathLike, grids: Sequence[Grid], seeds: int, changes: Sequence[str] = ()) -> list[Point]:
    """Every run of the sweep, seeds innermost: the file's own seed and the next ones; `changes` as in `sab run --set`.

    Raises:
        FormatError, ConfigError: a file or a value that means nothing, runs that are the same, or too many.
    """
    for change in changes:
        if change.partition("=")[0].strip() in [grid.key for grid in grids]:
            raise ConfigError(f"--set {change!r} and --grid give the same value; leave one out")
    if (count := seeds * math.prod(len(grid.values) for grid in grids)) > MOST:
        raise ConfigError(f"the sweep has {count} runs, but should have {MOST} at most")
    first = read_experiment(path, changes).settings.seed
    points = [
        Point(values, seed, _experiment(path, [*changes, *_assigned(grids, values), f"{SEED}={seed}"]))
        for values in itertools.product(*(grid.values for grid in grids))
        for seed in range(first, first + seeds)
    ]
    _check_alike(points)
    return points


def _grid(text: str) -> Grid:
    key, equals, listed = text.partition("=")
    values = tuple(value.strip() for value in listed.split(","))
    if not equals or not key.strip() or not all(values):
        raise ConfigError(f"--grid {text!r} should have the form key=value,value,..., as in task.T=5,10")
    if twice := [value for value in values if values.count(value) > 1]:
        raise ConfigError(f"--grid {text!r} has {twice[0]} twice")
    return Grid(key.strip(), values)


def _assigned(grids: Sequence[Grid], values: Sequence[str]) -> list[str]:
    return [f"{grid.key}={value}" for grid, value in zip(grids, values, strict=True)]


def _experiment(path: str | os.PathLike, changes: Sequence[str]) -> Experiment:
    """The experiment with these changes; what they break is told with them, for the file alone is in order."""
    try:
        return read_experiment(path, changes)
    except ConfigError as error:
        raise ConfigError(f"with {', '.join(changes[:-1])}: {error}") from error


def _check_alike(points: Sequence[Point]) -> None:
    """Different runs that can be compared."""
    seen: dict[str, Point] = {}
    for point in points:
        if (same := seen.setdefault(point.folder, point)) is not point:
            raise ConfigError(
                f"{', '.join(same.values)} and {', '.join(point.values)} are the same run in other words; leave one out"
            )
    for what, found in (
        ("the metric", {point.experiment.settings.task.metric for point in points}),
        ("the models", {", ".join(point.experiment.models) for point in points}),
    ):
        if len(found) > 1:
            raise ConfigError(f"{what} should be the same in all runs, but there are: {'; '.join(sorted(found))}")
