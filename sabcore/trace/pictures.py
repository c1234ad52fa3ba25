"""Pictures of where credit flows, legible in black and white: credit against distance, loss step by step, the graph."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from sabcore.array.files import write_atomically
from sabcore.engine import truncation
from sabcore.model.config import SABConfig
from sabcore.trace.labels import BySource
from sabcore.trace.record import Credit

#: Told apart by the dashes as well as by the colour, in the order of the rules.
LINES = (("#222222", "-"), ("#d1495b", (0, (6, 2))), ("#30638e", (0, (2, 1.5))), ("#7a9e3d", (0, (1, 3))))
#: What is smaller than this part of the largest value is not drawn: it is rounding, or as good as nothing.
RANGE = 1e-12
#: The graph draws so many reads at the most, the ones that carry most credit.
MOST_READS = 2000


def by_distance(found: Credit, labels: BySource) -> np.ndarray:
    """(T+1,), by distance d: the root mean square of |dL_t/dh_{t-d}| over the labelled loss steps t >= d."""
    T = len(found.total) - 1
    squares, count = np.zeros(T + 1), np.zeros(T + 1)
    for k, t in enumerate(labels.steps):
        squares[: t + 1] += found.total[t::-1, k] ** 2
        count[: t + 1] += 1
    return np.sqrt(squares / np.maximum(count, 1))


def draw_distance(path: Path, profiles: Mapping[str, np.ndarray]) -> None:
    """One line a rule: how much of the loss's gradient arrives how many steps back."""
    figure, axes = _figure(8, 4.2)
    top = max(profile.max() for profile in profiles.values())
    for (name, profile), (colour, dashes) in zip(profiles.items(), LINES, strict=False):
        kept = np.where(profile > RANGE * top, profile, np.nan)
        axes.plot(np.arange(len(profile)), kept, color=colour, linestyle=dashes, linewidth=1.6, label=name)
    axes.set_yscale("log")
    if len(next(iter(profiles.values()))) > 500:
        axes.set_xscale("symlog", linthresh=10)
    axes.set_xlabel("distance d, in steps back from the loss")
    axes.set_title("Credit against distance: |dL_t / dh_{t-d}|, root mean square over t", loc="left", fontsize=10)
    figure.legend(*axes.get_legend_handles_labels(), frameon=False, ncols=len(profiles), loc="outside lower center")
    _save(figure, path)


def draw_map(path: Path, found: Credit, labels: BySource) -> None:
    """Loss step by source step: a row a labelled loss step, a column a state, darker where more credit arrives."""
    figure, axes = _figure(8, 4.2)
    total = found.total[:, : len(labels.steps)].T
    if (top := total.max()) > 0:
        shown = np.where(total > RANGE * top, total, np.nan)
        image = axes.imshow(shown, aspect="auto", cmap="Greys", norm=LogNorm(max(RANGE, 1e-8) * top, top),
                            interpolation="nearest")  # fmt: skip
        figure.colorbar(image, ax=axes, label="|dL_t / dh_s|")
    rows = np.unique(np.linspace(0, len(labels.steps) - 1, 8).round().astype(int))
    axes.set_yticks(rows, [str(labels.steps[row]) for row in rows])
    axes.set_ylabel("loss at step t")
    axes.set_xlabel("state of step s")
    axes.set_title("Credit from each loss step to each state", loc="left", fontsize=10)
    _save(figure, path)


def draw_graph(path: Path, config: SABConfig, found: Credit) -> None:
    """The time line: reads as arcs above, as wide as their weight and as dark as the credit that goes back through
    them; cut recurrent edges as ticks below."""
    T = len(found.total) - 1
    figure, axes = _figure(10, 4.2)
    reads = found.reads
    credit = np.hypot(reads.value, reads.score)
    kept = np.argsort(credit, kind="stable")[-MOST_READS:]  # the strongest last, on top
    if len(kept) and credit.max() > 0:
        darkness = np.clip(np.log10(credit[kept] / credit.max() + 1e-6) / 6 + 1, 0.05, 1)
        arcs = [_arc(reads.written[i], reads.step[i]) for i in kept]
        widths = 0.3 + 2.5 * np.abs(reads.weight[kept]) / np.abs(reads.weight).max()
        axes.add_collection(LineCollection(arcs, linewidths=widths, colors=[(0, 0, 0, d) for d in darkness]))
    strength = found.total.sum(axis=1)
    strength = strength / strength.max() if strength.max() > 0 else strength
    axes.scatter(np.arange(T + 1), np.zeros(T + 1), s=2 + 14 * strength, color="black", zorder=3)
    axes.vlines(np.array(cuts(config, T)) - 0.5, -0.06 * T, -0.02 * T, color="black", linewidth=0.8)
    axes.set_xlim(-0.02 * T, 1.02 * T)
    axes.set_ylim(-0.08 * T, 0.55 * T)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    note = f", of {len(credit)} reads the {MOST_READS} with most credit" if len(credit) > MOST_READS else ""
    axes.set_title(f"Reads: width = weight, darkness = credit sent back{note}; ticks below: cut edges", loc="left",
                   fontsize=10)  # fmt: skip
    axes.set_xlabel("step (0: the initial state)")
    _save(figure, path)


def _arc(start: float, end: float) -> np.ndarray:
    """(n,2), half an ellipse over the time line."""
    angle = np.linspace(np.pi, 0, 24)
    middle, half = (start + end) / 2, (end - start) / 2
    return np.stack((middle + half * np.cos(angle), half * np.sin(angle)), axis=-1)


def cuts(config: SABConfig, T: int) -> list[int]:
    """The steps before which segment truncation cuts."""
    if config.truncation != "segment" or config.k_trunc is None:
        return []
    return [t for t in range(2, T + 1) if truncation.cuts(t, config.k_trunc, config.segment_offset)]


def _figure(width: float, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _save(figure: Figure, path: Path) -> None:
    """Both `path`.png and `path`.svg."""
    for kind in ("png", "svg"):
        buffer = io.BytesIO()
        figure.savefig(buffer, format=kind, metadata={"Date": None} if kind == "svg" else None)
        write_atomically(path.with_suffix(f".{kind}"), buffer.getvalue())
