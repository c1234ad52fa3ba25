"""The picture of a run: time and memory of one training step against T, everybody's, and the floor."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, NullLocator

from sabcore.array.files import write_atomically

Races = list[dict[str, Any]]
#: Ours stands out; a peer keeps its colour from picture to picture.
COLOURS = {
    "sabcore-cpu": "#d1495b",
    "sabcore-cuda": "#d1495b",
    "sabcore-plain": "#d98f1f",
    "torch-cached": "#30638e",
    "torch-listed": "#6fa0c4",
    "torch-paper": "#003d5b",
    "torch-compiled": "#7a9e3d",
    "jax-scan": "#8d6cab",
}
OURS = ("sabcore-cpu", "sabcore-cuda")
GREY, BOLD = "#666666", 2.0


def draw(path: str | os.PathLike, races: Races, title: str) -> None:
    """Write the picture of races at several T as a PNG file: time on the left, on the right peak memory, if known."""
    weighed = any(row.get("peak_bytes") for race in races for row in race["entrants"].values())
    figure, axes = new_figure(1 + weighed)
    curves(axes[0], races, lambda row: row["median_s"])
    floor_line(axes[0], races)
    decorate(axes[0], "One forward and backward pass", "T, steps", say_seconds)
    if weighed:
        curves(axes[1], races, lambda row: row.get("peak_bytes"))
        decorate(axes[1], "Peak memory of that pass", "T, steps", say_bytes)
    save(figure, path, title)


def new_figure(panels: int) -> tuple[Figure, Any]:
    """A figure with so many panels side by side."""
    layout = ConstrainedLayoutEngine(w_pad=0.15, h_pad=0.1)
    figure = Figure(figsize=(3.6 + 5.4 * panels, 6.0), dpi=130, layout=layout)
    FigureCanvasAgg(figure)
    return figure, figure.subplots(1, panels, squeeze=False)[0]


def save(figure: Figure, path: str | os.PathLike, title: str) -> None:
    """Write it as a PNG file, with the names of the first panel's lines on the right, the slowest on top."""
    lines = [line for line in figure.axes[0].lines if not str(line.get_label()).startswith("_")]
    lines.sort(key=lambda line: -float(np.asarray(line.get_ydata())[0]))
    legend = figure.legend(handles=lines, loc="outside right upper", frameon=False, labelspacing=0.9)
    for text, line in zip(legend.get_texts(), lines, strict=True):
        text.set_color(line.get_color())
        text.set_fontweight("bold" if line.get_linewidth() > BOLD else "normal")
    figure.suptitle(title, x=0.01, ha="left", color=GREY)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    write_atomically(path, buffer.getvalue())


def curves(axes: Axes, races: Races, value: Callable[[dict[str, Any]], float | None]) -> None:
    """One line an entrant."""
    for name in dict.fromkeys(name for race in races for name in race["entrants"]):
        rows = {race["T"]: race["entrants"][name] for race in races if name in race["entrants"]}
        points = [(T, found) for T, row in rows.items() if (found := value(row))]
        ours, title = name in OURS, next(iter(rows.values()))["title"]
        style: dict[str, Any] = {"color": COLOURS.get(name, GREY), "label": title, "zorder": 2 + ours}
        style |= {"linewidth": 3.0, "markersize": 6.5} if ours else {"linewidth": 1.6, "markersize": 4.5}
        if points:
            axes.plot(*zip(*points, strict=True), marker="o", **style)


def floor_line(axes: Axes, races: Races) -> None:
    """What the products and the scores alone would take."""
    floor = {race["T"]: sum(race["floor"].values()) for race in races}
    if min(floor.values()) > 0:
        style: dict[str, Any] = {"color": GREY, "linestyle": (0, (4, 3)), "linewidth": 1.2}
        axes.plot(list(floor), list(floor.values()), label="floor: products and scores\nat the measured rates", **style)


def decorate(axes: Axes, title: str, xlabel: str, say: Callable[[float, Any], str]) -> None:
    """Logarithmic axes, with ticks where there are points."""
    axes.set(xscale="log", yscale="log", xlabel=xlabel)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(title, loc="left", fontweight="bold", pad=10)
    axes.grid(which="major", color="#e6e6e6", linewidth=0.7)
    axes.set_axisbelow(True)
    ticks = sorted({int(x) for line in axes.lines for x in np.asarray(line.get_xdata())})
    axes.set_xticks(ticks, [f"{x:,}" for x in ticks])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlim(ticks[0] / 1.2, ticks[-1] * 1.2)
    axes.yaxis.set_major_formatter(FuncFormatter(say))


def say_seconds(value: float, _: Any) -> str:
    """A tick of a time axis."""
    return f"{value:g} s" if value >= 1 else f"{value * 1e3:g} ms"


def say_bytes(value: float, _: Any) -> str:
    """A tick of a memory axis."""
    return f"{value / 1e9:g} GB" if value >= 1e9 else f"{value / 1e6:g} MB"
