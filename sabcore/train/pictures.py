"""Pictures of a run: what its models learned over the updates, and where one that has a memory looks."""

from __future__ import annotations

import io
import itertools
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from sabcore.array.files import write_atomically
from sabcore.engine import attention
from sabcore.train.checkpoint import to_host
from sabcore.train.model import Recurrent
from sabcore.train.run import Run
from sabcore.train.task import Task

#: A look for each model in turn, told apart by the dashes as well as by the colour.
STYLES = (("#d1495b", "-"), ("#30638e", "--"), ("#7a9e3d", ":"), ("#8d6cab", "-."), ("#edae49", "-"), ("#222222", "--"))
GREY = "#666666"
CURVES = "curves.png"
#: Of a longer sequence so many steps are drawn: the picture has all of them against all.
LONGEST_DRAWN = 2000
#: A curve is the mean over so many parts of a run.
PARTS = 100

#: The records of a run, step by step; see `sabcore.train.loop.train`.
Records = Sequence[Mapping[str, Any]]


def draw_run(run: Run) -> None:
    """Into the run's folder: its curves, and of each model with a memory what it reads of one sequence.

    Raises:
        FormatError: they cannot be written, or the log is not what the run wrote.
    """
    task, learners = run.settings.task, run.snapshot.learners
    draw_curves(run.folder / CURVES, [run.read_log()], [learner.name for learner in learners], task)
    x = task.batch(run.settings.seed, 0, 1, run.settings.dtype).to(run.xp).x[:LONGEST_DRAWN]
    for learner in learners:
        model, title = learner.model, f"{learner.name}: what one sequence reads, after {run.step:,} updates"
        if isinstance(model, Recurrent) and model.config.has_memory:
            tape = model.forward(learner.judged, x)[1]
            weights = to_host(attention(model.config, learner.judged, tape))[:, 0]
            path = run.folder / f"attention-{learner.name}.png"
            draw_attention(path, weights, model.config.first_slot, model.config.k_att, title)


def draw_curves(path: str | os.PathLike, logs: Sequence[Records], names: Sequence[str], task: Task) -> None:
    """Write a PNG file: loss and metric against updates, a colour for each model and a line for each run of it.

    Args:
        logs: the records of each run, of one seed or of several.
        names: of the models.

    Raises:
        FormatError: it cannot be written.
    """
    figure = Figure(figsize=(11, 4), dpi=130, layout="constrained")
    FigureCanvasAgg(figure)
    guesses = {"loss": task.floor, task.metric: task.chance}
    for axes, (quantity, guess) in zip(figure.subplots(1, 2), guesses.items(), strict=True):
        for name, (colour, dashes) in zip(names, itertools.cycle(STYLES), strict=False):
            for number, (steps, values) in enumerate(_curves(logs, name, quantity)):
                style: Any = {"color": colour, "linestyle": dashes, "alpha": 0.8, "linewidth": 1.6}
                axes.plot(steps, values, label=None if number else name, **style)
        axes.axhline(guess, color=GREY, linestyle=":", linewidth=1, label="a guess")
        axes.set(xlabel="update", ylabel=quantity)
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_ylim(bottom=0)
    figure.axes[0].legend(frameon=False)
    figure.suptitle(f"{task.name}: {len(logs)} seed{'s' * (len(logs) > 1)}", x=0.01, ha="left", color=GREY)
    _save(figure, path)


def curve(log: Records, name: str, quantity: str) -> tuple[np.ndarray, np.ndarray]:
    """The steps of a model and the quantity there, averaged over equal parts of its run; NaN where none is known."""
    known = [(record["step"], record[name][quantity]) for record in log if name in record]
    steps, values = (np.array([pair[k] for pair in known], dtype=float) for k in (0, 1))
    parts = min(PARTS, len(known))
    means = [np.nan if np.isnan(part).all() else np.nanmean(part) for part in np.array_split(values, max(1, parts))]
    return np.array([part.mean() for part in np.array_split(steps, max(1, parts)) if part.size]), np.array(means)


def _curves(logs: Sequence[Records], name: str, quantity: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for log in logs:
        if any(name in record for record in log):
            yield curve(log, name, quantity)


def draw_attention(path: str | os.PathLike, weights: np.ndarray, first_slot: int, k_att: int, title: str) -> None:
    """Write a PNG file: how much of each memory one sequence reads at each step.

    Args:
        weights: (T,N), of slot j at step t, both in order.
        first_slot, k_att: slot j is the hidden state of step `first_slot + j k_att`.

    Raises:
        FormatError: it cannot be written.
    """
    figure = Figure(figsize=(6.4, 5.6), dpi=130, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    T, N = weights.shape
    edge = first_slot - k_att / 2
    span = max(float(np.abs(weights).max(initial=0)), 1e-12)
    negative = bool((weights < 0).any())  # raw scores as weights
    image = axes.imshow(
        weights, extent=(edge, edge + N * k_att, T + 0.5, 0.5), cmap="RdBu_r" if negative else "magma_r",
        vmin=-span if negative else 0, vmax=span, interpolation="nearest", aspect="auto",
    )  # fmt: skip
    figure.colorbar(image, ax=axes, label="weight", shrink=0.7)
    axes.set(xlabel="past step that is read", ylabel="step that reads")
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(title, loc="left", fontsize=10)
    _save(figure, path)


def _save(figure: Figure, path: str | os.PathLike) -> None:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    write_atomically(path, buffer.getvalue())
