"""The picture of a run on a GPU: time against length on the left, throughput against batch size on the right."""

from __future__ import annotations

import os
from typing import Any

from ..picture import curves, decorate, floor_line, new_figure, save, say_seconds

COLOURS = ("#d1495b", "#30638e")


def draw(path: str | os.PathLike, races: list[dict[str, Any]], batches: dict[str, list], title: str) -> None:
    """Write the picture as a PNG file. Either half may be missing."""
    figure, axes = new_figure(1 + bool(races and batches))
    if races:
        left = axes[0]
        curves(left, races, lambda row: row["median_s"])
        floor_line(left, races)
        decorate(left, "One forward and backward pass", "T, steps", say_seconds)
    if batches:
        right = axes[-1]
        for (words, rows), colour in zip(batches.items(), COLOURS, strict=False):
            points = [(row["B"], row["B"] / row["seconds"]) for row in rows]
            right.plot(*zip(*points, strict=True), marker="o", color=colour, linewidth=2, label=words)
        decorate(right, "Sequences a second", "B, sequences", lambda value, _: f"{value:,.0f}")
        right.legend(frameon=False, loc="upper left")
    save(figure, path, title)
