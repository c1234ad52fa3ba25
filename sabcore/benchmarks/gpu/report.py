"""What a run on a GPU found, as Markdown: also if half of it failed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..report import agreements, duration, race_table, table
from .goals import PUBLISHED, goals
from .parts import Outcome


def markdown(outcomes: dict[str, Outcome]) -> str:
    """The whole report."""
    found = {name: outcome.found for name, outcome in outcomes.items() if outcome.found}
    sections: dict[str, Any] = {"card": _card, "limits": _limits, "SAB": _races, "LSTM": _races, "batches": _batches}
    sections |= {"training": _training, "agreement": _summary, "random": _summary}
    sections |= {"inside": _inside, "before": _state, "after": _state}
    parts = [f"# Benchmark on a GPU: {found.get('card', {}).get('card', 'unknown card')}", _parts(outcomes)]
    if reached := list(goals(found)):
        rows = ([goal.what, goal.wanted, goal.got, "met" if goal.met else "missed"] for goal in reached)
        parts.append("## goals\n\n" + table(("what", "goal", "measured", ""), rows))
    parts += [f"## {name}\n\n{write(found[name])}" for name, write in sections.items() if name in found]
    return "\n\n".join(parts) + "\n"


def _inside(rows: list[dict[str, Any]]) -> str:
    """Where the time goes, and what a kernel takes of a multiprocessor."""
    names = "cold step forward backward products host latency".split()
    cells = ([str(row["T"]), *(duration(row[name]) for name in names)] for row in rows)
    taken = (
        f"{name}, T={row['T']}: {use['registers']} registers, {use['spilled_bytes']} bytes spilled, "
        f"{use['shared_bytes']:,} bytes of shared memory."
        for row in rows
        for name, use in row["kernels"].items()
    )
    published = (
        f"Published, H100, B=16, T=1024, hidden 768, us a step forward / both: {name} {there} / {both}."
        for name, (there, both) in PUBLISHED.items()
    )
    return "\n\n".join([table(("T", *names), cells), *taken, *published])


def _state(state: dict[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in state.items())


def _parts(outcomes: dict[str, Outcome]) -> str:
    rows = ([name, f"**FAILED**: {out.failure}" if out.failure else "ok", f"{out.seconds:.0f} s"]
            for name, out in outcomes.items())  # fmt: skip
    return table(("part", "outcome", "took"), rows)


def _card(card: dict[str, Any]) -> str:
    libraries = ", ".join(f"{name} {version}" for name, version in card["libraries"].items())
    return (
        f"{card['card']}, {card['memory'] / 2**30:.0f} GiB, {card['processors']} multiprocessors, compute capability "
        f"{card['capability']}; commit {card['commit']}, driver {card['driver_version']} for CUDA "
        f"{card['driver'] / 1000:.1f}; Python {card['python']}, {libraries}. "
        f"Host: {card['cpu']}, {card['cores']} cores."
    )


def _limits(limits: dict[str, float]) -> str:
    return (
        f"Products {limits['matrix_flops'] / 1e12:.1f} TFLOP/s, scores {limits['score_terms'] / 1e9:.0f} G terms/s, "
        f"copies {limits['copied_bytes'] / 1e9:.0f} GB/s (read, and as much written)."
    )


def _races(races: list[dict[str, Any]]) -> str:
    """float32, forward and backward pass, by CUDA events."""
    parts = (f"### {race['title']}, B={race['B']}, {race['rounds']} rounds\n\n{race_table(race)}" for race in races)
    checked = [row for race in races for row in race["agreements"]]
    return "\n\n".join([*parts, "Checked before timing:", agreements(checked)])


def _batches(rows: dict[str, list[dict[str, float]]]) -> str:
    return "\n\n".join(f"{title}\n\n{_batch_table(sizes)}" for title, sizes in rows.items())


def _batch_table(rows: Iterable[dict[str, float]]) -> str:
    cells = ([str(row["B"]), duration(row["seconds"]), f"{row['B'] / row['seconds']:,.0f}"] for row in rows)
    return table(("B", "a training step", "sequences a second"), cells)


def _training(run: dict[str, Any]) -> str:
    accuracy = "unknown" if run["accuracy"] is None else f"{run['accuracy']:.1%}"
    return (
        f"Copy task, T = {run['T']}, {run['steps']} steps of 64 sequences, {run['ms_per_step']:.1f} ms a step with "
        f"data, loss and optimiser: loss {run['first_loss']:.4f} at first, {run['last_loss']:.4f} at last; "
        f"{accuracy} of the symbols recalled."
    )


def _summary(rows: list[dict[str, Any]]) -> str:
    """One line an entrant and dtype: how many comparisons, how many failed, the largest errors; then the failures."""
    lines = []
    for entrant, dtype in dict.fromkeys((row["entrant"], row["dtype"]) for row in rows):
        mine = [row for row in rows if (row["entrant"], row["dtype"]) == (entrant, dtype)]
        worst = [max(row[name] or 0 for row in mine) for name in ("error_y", "error_grad")]
        failed = sum(not row["passed"] for row in mine)
        lines.append([entrant, dtype, str(len(mine)), str(failed), *(f"{value:.0e}" for value in worst)])
    text = table(("entrant", "dtype", "comparisons", "failed", "error of y", "of gradients"), lines)
    return "\n\n".join([text, *(_failure(row) for row in rows if not row["passed"])])


def _failure(row: dict[str, Any]) -> str:
    return f"FAILED: {row['entrant']}, {row['dtype']}, {row['case']}: {row['problem']}"
