"""What a CPU run found, as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .goals import goals

BUSY = (
    " **The machine was busy with other work**, which slows everybody with several threads, and most of all those that "
    "wait for each other at every step."
)
UNITS = ((1, "s"), (1e-3, "ms"), (1e-6, "us"))


def markdown(found: dict[str, Any]) -> str:
    """The whole report."""
    parts = [
        "# Benchmark on a CPU",
        _machine(found),
        "Forward and backward pass of one batch, float32. A ratio is the median, over rounds in which everybody runs "
        "once in turn, of how many times longer a peer took than sabcore, with quartiles; the time beside is sabcore's "
        f"in those rounds, {_together(found)}. Peak memory is that of one pass, in a process of its own, over what it "
        "held before. The floor is what products and scores alone would take at the rates measured in this run.",
        *(["## Goals", _goals(found)] if goals(found) else []),
        "## Agreement, checked before timing",
        agreements([*found.get("agreements", []), *(row for race in found["races"] for row in race["agreements"])]),
        "## Times and memory",
        *(
            part
            for race in found["races"]
            for part in (f"### {_heading(race)}", race_table(race, race["threads"] == found["threads"]))
        ),
        "## Growth with T",
        table(("T", "forward, a step", "backward, a step"), _growth_rows(found)),
        "## Top-k, a row",
        _selection(found["selection"]),
        *(["## Long", _long(found["long"])] if found["long"] else []),
    ]
    return "\n\n".join(parts) + "\n"


def _together(found: dict[str, Any]) -> str:
    """Who shared a process; a recording that does not say what was loaded is older than the duels."""
    apart = all(race.get("loaded") for race in found["races"])
    return "where each peer had a process alone with it" if apart else "where all of them shared one process"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; the first column is words, the others are numbers."""
    rule = ["---", *(["---:"] * (len(heads) - 1))]
    return "\n".join(f"| {' | '.join(row)} |" for row in [heads, rule, *rows])


def duration(seconds: float) -> str:
    """Three digits and a unit."""
    size, unit = next(((size, unit) for size, unit in UNITS if seconds >= size), UNITS[-1])
    return f"{seconds / size:.3g} {unit}"


def mebibytes(count: int | None) -> str:
    """Of a peak that may be unknown."""
    return "-" if count is None else f"{count / 2**20:.0f} MiB"


def agreements(rows: Iterable[dict[str, Any]]) -> str:
    """Who computes what the plain engine computes."""
    heads = ("entrant", "model", "T", "B", "dtype", "error of y", "of gradients", "allowed", "verdict")
    return table(heads, (_agreement(row) for row in rows))


def _agreement(row: dict[str, Any]) -> list[str]:
    errors = ["-" if row[name] is None else f"{row[name]:.0e}" for name in ("error_y", "error_grad")]
    verdict = "ok" if row["passed"] else f"DISAGREES, not timed: {row['problem']}"
    allowed = " / ".join(f"{value:.0e}" for value in row["allowed"])
    return [row["entrant"], row["model"], str(row["T"]), str(row["B"]), row["dtype"], *errors, allowed, verdict]


def race_table(race: dict[str, Any], with_floor: bool = True) -> str:
    """The entrants, fastest first; the floor, unless its rates are those of other threads; then who was left out."""
    rows = sorted(race["entrants"].items(), key=lambda item: item[1]["median_s"])
    heads = ("entrant", "time", "quartiles", "a step", "beside", "times sabcore's", "first run", "peak memory")
    lines = [table(heads, (_entrant(row, race["ratios"].get(name)) for name, row in rows))]
    lines += [_floor(race)] if with_floor else []
    lines += [f"Left out: {name}: {why}." for name, why in race["left_out"].items()]
    return "\n\n".join(lines)


def _floor(race: dict[str, Any]) -> str:
    floor, ours = sum(race["floor"].values()), race["entrants"].get(race["subject"])
    products, scores = (duration(race["floor"][name]) for name in ("matrix", "score"))
    text = f"Floor: {duration(floor)} (products {products}, scores {scores})"
    return f"{text}; sabcore takes {ours['median_s'] / floor:.2f} times that." if ours and floor else f"{text}."


def _entrant(row: dict[str, Any], ratio: dict[str, float] | None) -> list[str]:
    times = "1" if ratio is None else f"**{ratio['median']:.3g}** ({ratio['low']:.3g} to {ratio['high']:.3g})"
    quartiles = f"{duration(row['low_s'])} to {duration(row['high_s'])}"
    step, first = duration(row["us_per_step"] * 1e-6), duration(row["first_s"])
    beside = duration(row["beside_s"]) if "beside_s" in row else "-"
    peak = mebibytes(row.get("peak_bytes"))
    return [row["title"], duration(row["median_s"]), quartiles, step, beside, times, first, peak]


def _heading(race: dict[str, Any]) -> str:
    threads = f"{race['threads']} thread{'s' * (race['threads'] > 1)}"
    return f"{race['title']}, B={race['B']}, {threads}, {race['rounds']} rounds"


def _machine(found: dict[str, Any]) -> str:
    facts, limits = found["machine"], found["limits"]
    libraries = ", ".join(f"{name} {version}" for name, version in facts["libraries"].items())
    load = "unknown" if facts["load"] is None else f"{facts['load']:.1f}"
    return (
        f"{facts['cpu']}, {facts['cores']} cores, {found['threads']} threads; load before the run {load}; Python "
        f"{facts['python']}, {libraries}; BLAS: {facts['blas']}. Measured limits: products "
        f"{limits['matrix_flops'] / 1e9:.0f} GFLOP/s, scores {limits['score_terms'] / 1e9:.1f} G terms/s, copies "
        f"{limits['copied_bytes'] / 1e9:.1f} GB/s." + (BUSY if (facts["load"] or 0) > 0.5 else "")
    )


def _goals(found: dict[str, Any]) -> str:
    rows = ([goal.what, goal.wanted, goal.got, "yes" if goal.met else "**no**"] for goal in goals(found))
    return table(("what", "at least", "measured", "met"), rows)


def _growth_rows(found: dict[str, Any]) -> Iterable[list[str]]:
    for row in found["growth"]:
        yield [str(row["T"]), duration(row["forward_us"] * 1e-6), duration(row["backward_us"] * 1e-6)]


def _selection(rows: list[dict[str, Any]]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row["us"]))
    kinds = {"us": "a row of a batch", "one_us": "a row alone"}
    lines = [[f"n={row['n']}, {words}", *(_microseconds(row[kind].get(name)) for name in names)]
             for kind, words in kinds.items() for row in rows if kind in row]  # fmt: skip
    compiled = [[f"n={row['n']}, inside compiled code", _microseconds(row["compiled_us"]), *["-"] * (len(names) - 1)]
                for row in rows if "compiled_us" in row]  # fmt: skip
    return table(("", *names), [*lines, *compiled])


def _microseconds(value: float | None) -> str:
    return "wrong" if value is None else duration(value * 1e-6)


def _long(long: dict[str, Any]) -> str:
    config = long["config"]
    return (
        f"T={long['T']:,}, B={long['B']}, H={config['hidden_size']}, k_top={config['k_top']}, k_att={config['k_att']}, "
        f"k_trunc={config['k_trunc']}: forward {long['forward_s']:.1f} s, backward {long['backward_s']:.1f} s, peak "
        f"{long['peak_bytes'] / 2**30:.2f} GiB for the whole process; gradients "
        f"{'finite' if long['finite'] else 'NOT FINITE'}."
    )
