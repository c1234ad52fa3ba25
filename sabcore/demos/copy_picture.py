"""The copy demo's picture: what each model learned over the steps, and where SAB looks while it recalls."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from sabcore.array.files import write_atomically
from sabcore.train.task.copy import RECALL, SYMBOLS

COLOURS = {"sab": "#d1495b", "tbptt": "#30638e", "bptt": "#7a9e3d"}  # told apart by every kind of colour vision
REGIONS = {"symbols": "#edae49", "blanks": "#d9d9d9", "marker": "#222222", "recall": "#8d6cab"}
GREY = "#666666"
#: Full BPTT is drawn over truncated BPTT, and often lies where that does.
STYLES: dict[str, Any] = {"sab": "-", "tbptt": "-", "bptt": (0, (2, 1.2))}


def draw(
    path: str | os.PathLike,
    log: Sequence[Mapping],
    models: Mapping[str, str],
    options: Any,
    attention: np.ndarray,
    transfer: Mapping[str, Mapping[int, float | None]],
) -> None:
    """Write the picture as a PNG file.

    Args:
        log: the records of all steps; see `sabcore.train.loop.train`.
        models: what each model is called in words.
        options: the demo's `Options`.
        attention: (T+20, N), the mean weight of slot j at each step.
        transfer: by model and length, the share of the symbols recalled.
    """
    figure = Figure(figsize=(12.4, 7.4), dpi=130, layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.08))
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(3, 2, width_ratios=(1, 1.12))
    lengths, recalled, further = (figure.add_subplot(grid[row, 0]) for row in range(3))
    _draw_lengths(lengths, log, models, options)
    _draw_accuracy(recalled, log, models)
    _draw_transfer(further, transfer)
    _draw_attention(figure, figure.add_subplot(grid[:, 1]), options, attention)
    figure.suptitle(
        f"Copy task, T = {options.T}: {options.hidden} hidden units, window k_trunc = {options.k_trunc}, "
        f"{options.preset} preset, seed {options.seed}", x=0.01, ha="left", color=GREY,
    )  # fmt: skip
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    write_atomically(path, buffer.getvalue())


def _draw_lengths(axes: Axes, log: Sequence[Mapping], models: Mapping[str, str], options: Any) -> None:
    """How far each model has come; its line ends where it is done."""
    for name, words in models.items():
        steps, values = _curve(log, name, "T")
        style: Any = {"color": COLOURS[name], "linewidth": 2.2, "linestyle": STYLES[name], "label": words}
        axes.step(steps, values, where="post", **style)
        axes.plot(steps[-1:], values[-1:], "o", color=COLOURS[name], markersize=5)
    _draw_reference(axes, options.T, f"T = {options.T},\nthe goal")
    _decorate(axes, "T practised", above=22)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_xlim(0, log[-1]["step"])
    axes.legend(loc="lower left", bbox_to_anchor=(-0.015, 0.98), ncols=len(models), frameon=False, columnspacing=1.2)
    axes.tick_params(labelbottom=False)


def _draw_accuracy(axes: Axes, log: Sequence[Mapping], models: Mapping[str, str]) -> None:
    for name in models:
        steps, values = _curve(log, name, "accuracy")
        axes.plot(steps, values, color=COLOURS[name], alpha=0.18, linewidth=0.6)
        axes.plot(steps, _smooth(values, max(1, len(log) // 60)), color=COLOURS[name], linewidth=2.2)
    _draw_reference(axes, 1 / SYMBOLS, "chance,\n1 in 8")
    _decorate(axes, "Symbols recalled, at the lengths practised")
    axes.set(xlabel="update", ylim=(0, 1.02), xlim=(0, log[-1]["step"]))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")


def _draw_transfer(axes: Axes, transfer: Mapping[str, Mapping[int, float | None]]) -> None:
    for name, by_length in transfer.items():
        values = np.array(list(by_length.values()), dtype=float)  # None becomes NaN
        style: Any = {"color": COLOURS[name], "linewidth": 2.2, "linestyle": STYLES[name]}
        axes.plot(list(by_length), values, marker="o", markersize=5, **style)
    _draw_reference(axes, 1 / SYMBOLS, "chance")
    _decorate(axes, "Symbols recalled at other lengths")
    axes.set(xlabel="T", ylim=(0, 1.04), xscale="log")
    axes.set_xticks(list(next(iter(transfer.values()))), minor=False)
    axes.set_xticks([], minor=True)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")


def _curve(log: Sequence[Mapping], name: str, quantity: str) -> tuple[np.ndarray, np.ndarray]:
    """The steps at which the model learned, and the quantity there."""
    known = [(record["step"], record[name][quantity]) for record in log if name in record]
    return np.array([step for step, _ in known]), np.array([value for _, value in known], dtype=float)


def _draw_reference(axes: Axes, value: float, words: str) -> None:
    axes.axhline(value, color=GREY, linestyle=(0, (4, 3)), linewidth=1)
    place: Any = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "va": "center"}
    axes.annotate(words, (1, value), (5, 0), color=GREY, fontsize=9, **place)


def _smooth(values: np.ndarray, width: int) -> np.ndarray:
    """The mean of the last `width` values at each place, of those that are finite."""
    known = np.isfinite(values)
    sums = np.cumsum([np.where(known, values, 0), known], axis=1)
    before = np.concatenate((np.zeros((2, min(width, len(values)))), sums[:, :-width]), axis=1)
    total, count = sums - before
    return np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)


def _draw_attention(figure: Figure, axes: Axes, options: Any, attention: np.ndarray) -> None:
    """Steps are numbered from 1 as in the equations; column 0 is the initial state, where that is a memory."""
    length, first = len(attention), options.models()["sab"].config.first_slot
    table = np.full((length, length + 1), np.nan)
    slots = range(first, first + options.k_att * attention.shape[1], options.k_att)
    for j, step in enumerate(slots):
        table[step:, step] = attention[step:, j]
    late = table[RECALL:]  # the first steps have little to choose from, and would set the scale by themselves
    span = max(float(np.nanmax(np.abs(late), initial=0)), 1e-12)
    low = -span if np.nanmin(late, initial=0) < 0 else 0  # raw scores as weights may be negative
    image = axes.imshow(
        table, extent=(-0.5, length + 0.5, length + 0.5, 0.5), cmap="RdBu_r" if low else "magma_r",
        vmin=low, vmax=span, interpolation="nearest", aspect="auto",
    )  # fmt: skip
    _decorate(axes, "Where SAB looks", above=22)
    axes.set(xlabel="past step that is read", ylabel="step that reads")
    axes.set_xlim(first - 0.5, length + 0.5)
    _mark_regions(axes, length - 2 * RECALL, length)
    bar = figure.colorbar(image, ax=axes, label="mean weight", shrink=0.6, pad=0.02, extend="both" if low else "max")
    bar.outline.set_visible(False)


def _mark_regions(axes: Axes, T: int, length: int) -> None:
    """A coloured band along both axes says what each step is; the recall steps are framed."""
    edges = {"symbols": (1, RECALL), "blanks": (RECALL + 1, RECALL + T - 1), "marker": (RECALL + T, RECALL + T)}
    edges["recall"] = (length - RECALL + 1, length)
    for name, (first, last) in edges.items():
        if last < first:
            continue
        band: Any = {"color": REGIONS[name], "linewidth": 0, "clip_on": False}
        axes.axvspan(first - 0.5, last + 0.5, 1.0, 1.025, **band)
        axes.axhspan(first - 0.5, last + 0.5, 1.0, 1.025, **band)
        axes.axvline(last + 0.5, color="white", linewidth=0.8)
        axes.axhline(last + 0.5, color=GREY, linewidth=0.6, linestyle=":")
        axes.plot([], [], color=REGIONS[name], linewidth=7, label=name)
    axes.legend(loc="upper right", frameon=False, title="what the step is", alignment="left")


def _decorate(axes: Axes, title: str, above: float = 8) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(title, loc="left", fontweight="bold", pad=above)
