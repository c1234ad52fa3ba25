"""What a sweep found: by the swept values and by model, the median over seeds, the least and the most."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sabcore.train.sweep.plan import Grid, Point


class Row(NamedTuple):
    """One model at one combination of values; what is not finite counts as the worst, and None stands for it."""

    values: tuple[str, ...]
    model: str
    seeds: int  # that came to their end
    median: float | None
    least: float | None
    most: float | None


def rows(points: Iterable[Point], results: dict[str, dict[str, Any]]) -> list[Row]:
    """In the order of the points; `results` by the run's folder. A combination without any result is left out."""
    found: dict[tuple[tuple[str, ...], str], list[float]] = {}
    for point in points:
        task = point.experiment.settings.task
        worst = -math.inf if task.higher_is_better else math.inf
        if point.folder in results:
            for name in point.experiment.models:
                value = results[point.folder]["models"][name][task.metric]
                found.setdefault((point.values, name), []).append(worst if value is None else value)
    return [
        Row(values, name, len(group), *map(_finite, (statistics.median(group), min(group), max(group))))
        for (values, name), group in found.items()
    ]


def describe(
    grids: Sequence[Grid], points: Sequence[Point], results: dict[str, dict], errors: dict[str, str]
) -> dict[str, Any]:
    """All of it, JSON-ready: what was swept, each run, and the rows over seeds."""
    task = points[0].experiment.settings.task
    chances = {point.experiment.settings.task.chance for point in points}
    keys = [grid.key for grid in grids]
    runs = [
        {"values": dict(zip(keys, point.values, strict=True)), "seed": point.seed, "folder": point.folder,
         "step": results.get(point.folder, {}).get("step"), "models": results.get(point.folder, {}).get("models"),
         "error": errors.get(point.folder)}
        for point in points
    ]  # fmt: skip
    summary = [{**row._asdict(), "values": dict(zip(keys, row.values, strict=True))} for row in rows(points, results)]
    return {
        **{"grids": {grid.key: list(grid.values) for grid in grids}, "task": task.name, "metric": task.metric},
        **{"higher_is_better": task.higher_is_better, "chance": chances.pop() if len(chances) == 1 else None},
        **{"rows": summary, "runs": runs},
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
