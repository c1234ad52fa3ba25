"""A sweep's picture: against the swept value, the median over seeds of each model, and the band of all of them."""

from __future__ import annotations

import io
import itertools
import math
import os
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from sabcore.array.files import write_atomically

#: A look for each model in turn, told apart without colours too.
STYLES = [("#d1495b", "o", "-"), ("#30638e", "s", "--"), ("#7a9e3d", "^", ":"), ("#8d6cab", "D", "-."),
          ("#edae49", "v", "-"), ("#222222", "P", "--")]  # fmt: skip
GREY = "#666666"
#: Values that span more than this factor stand on a logarithmic axis.
WIDE = 20


def draw(path: str | os.PathLike, found: Mapping[str, Any]) -> None:
    """Write what `describe` gave as a PNG file: the first grid along the axis, a panel for each combination of others.

    Raises:
        FormatError: it cannot be written.
    """
    panels = _panels(found)
    figure = Figure(figsize=(1.2 + 4.6 * min(3, len(panels)), 0.8 + 3.2 * -(-len(panels) // 3)), dpi=130,
                    layout="constrained")  # fmt: skip
    FigureCanvasAgg(figure)
    axes = figure.subplots(-(-len(panels) // 3), min(3, len(panels)), squeeze=False, sharey=True).ravel()
    for one, (title, rows) in zip(axes, panels.items(), strict=False):
        _draw_panel(one, title, rows, found)
    for empty in axes[len(panels) :]:
        empty.set_axis_off()
    axes[0].legend(frameon=False)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    write_atomically(path, buffer.getvalue())


def _panels(found: Mapping[str, Any]) -> dict[str, list[Mapping]]:
    """The rows of each panel, by its title, which says the values of all grids but the first."""
    panels: dict[str, list[Mapping]] = {}
    for row in found["rows"]:
        title = ", ".join(f"{key} = {value}" for key, value in list(row["values"].items())[1:])
        panels.setdefault(title, []).append(row)
    return panels


def _draw_panel(axes: Axes, title: str, rows: Sequence[Mapping], found: Mapping[str, Any]) -> None:
    key, listed = next(iter(found["grids"].items()))
    places = _places(listed)
    for (colour, marker, dashes), name in zip(itertools.cycle(STYLES), dict.fromkeys(row["model"] for row in rows)):
        mine = sorted((row for row in rows if row["model"] == name), key=lambda row: places[row["values"][key]])
        at = [places[row["values"][key]] for row in mine]
        median, least, most = ([_or_gap(row[what]) for row in mine] for what in ("median", "least", "most"))
        axes.plot(at, median, marker + dashes, color=colour, linewidth=2, label=name)
        axes.fill_between(at, least, most, color=colour, alpha=0.18, linewidth=0)
    if found["chance"] is not None:
        axes.axhline(found["chance"], color=GREY, linestyle=":", linewidth=1, label="chance")
    axes.set(xlabel=key, ylabel=found["metric"])
    axes.set_title(title, fontsize=10, color=GREY, loc="left")
    if max(places.values()) > WIDE * min(places.values()) > 0:
        axes.set_xscale("log")
    axes.set_xticks(list(places.values()), list(places))
    axes.minorticks_off()
    axes.spines[["top", "right"]].set_visible(False)


def _places(values: Sequence[str]) -> dict[str, float]:
    """Where each swept value stands along the axis: a number where it is, words in the order they came."""
    try:
        return {value: float(value) for value in values}
    except ValueError:
        return {value: float(k) for k, value in enumerate(values)}


def _or_gap(value: float | None) -> float:
    """Matplotlib leaves out what is not a number."""
    return math.nan if value is None else value
