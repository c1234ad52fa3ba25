"""One race: the entrants on one workload, checked, then timed in turn, then weighed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sabcore import SABConfig

from .agree import Agreement, as_dict, check
from .limits import Limits, floor_seconds
from .measure import Clock, Times, interleave, wall
from .memory import peak_bytes
from .peers import Entrant
from .threads import load_libraries, use_threads
from .workload import Workload, make_workload

Tick = Callable[[str], None]
#: Seconds of rest before each timed run: longer than anybody's idle threads spin. Those of XLA work on for less than a
#: tenth of a second after a call; then nobody else in the process takes processor time, and affinity is unchanged.
SETTLE = 0.25


@dataclass(frozen=True)
class Race:
    """Who runs what. The ratios are to `subject`, the entrant that all of this is about.

    `checked_rows`: on so many sequences gradients are checked in float64, at the timed length; `short_T`: the steps at
    which they are checked in float32 as well; 0, not here.
    """

    title: str
    config: SABConfig
    T: int
    B: int
    entrants: tuple[str, ...]
    subject: str
    threads: int = 1
    weighed: bool = True
    short_T: int = 0
    checked_rows: int = 16


@dataclass(frozen=True)
class Track:
    """What races have in common: who there is, how long to run, what the machine can do, and how to tell the time."""

    known: dict[str, Entrant]
    seconds: float
    limits: Limits
    clock: Clock = wall
    settle: float = SETTLE


def run_race(race: Race, track: Track, tick: Tick) -> dict[str, Any]:
    """Everything about it, JSON-ready. Who is missing, or disagrees, is named with the reason and not timed."""
    workload = make_workload(race.config, race.T, race.B)
    load_libraries(race.entrants)
    with use_threads(race.threads):
        here, left_out = _present(race, track.known)
        tick(f"T={race.T}: checking gradients")
        verdicts = _check(here, race)
        wrong = {verdict.entrant for verdict in verdicts if not verdict.passed}
        fit = [entrant for entrant in here if entrant.name not in wrong]
        runs = {entrant.name: entrant.prepare(workload) for entrant in fit}
        times = interleave(
            runs, track.seconds, track.clock, settle=track.settle, tick=lambda text: tick(f"T={race.T}: {text}")
        )
        runs.clear()
    peaks = {entrant.name: _weigh(entrant.name, race, workload, tick) for entrant in fit}
    return {
        "title": race.title,
        "model": "SAB" if race.config.has_memory else "LSTM",
        **{name: getattr(race, name) for name in ("T", "B", "threads", "subject")},
        "rounds": len(next(iter(times.rounds.values()), [])),
        "entrants": {entrant.name: _row(entrant, times, race.T) | peaks[entrant.name] for entrant in fit},
        "ratios": _ratios(times, race.subject),
        "floor": floor_seconds(workload, track.limits),
        "agreements": [as_dict(verdict) for verdict in verdicts],
        "left_out": left_out,
        "loaded": [library for library in ("torch", "jax") if library in sys.modules],
    }


def _check(here: list[Entrant], race: Race) -> list[Agreement]:
    """Everybody in float64 at the timed length, but for a plain engine alone; in float32 at `short_T`."""
    rows, to_check = min(race.B, race.checked_rows), any(entrant.name != "sabcore-plain" for entrant in here)
    long = check(here, race.config, race.T, rows, ("float64",)) if to_check else []
    return long + (check(here, race.config, race.short_T, 4) if race.short_T else [])


def _present(race: Race, known: dict[str, Entrant]) -> tuple[list[Entrant], dict[str, str]]:
    """The entrants that can take part, and why the others cannot."""
    absent = {name: known[name].absent(race.config) for name in race.entrants}
    here = [known[name] for name, why in absent.items() if why is None]
    return here, {name: why for name, why in absent.items() if why is not None}


def _weigh(name: str, race: Race, workload: Workload, tick: Tick) -> dict[str, Any]:
    if not race.weighed:
        return {}
    tick(f"T={race.T}: {name}, peak memory")
    return {"peak_bytes": peak_bytes(name, workload, race.threads)}


def _row(entrant: Entrant, times: Times, T: int) -> dict[str, Any]:
    found = times.spread(entrant.name)
    timed = {"first_s": times.first[entrant.name], "median_s": found.median, "low_s": found.low, "high_s": found.high}
    return {"title": entrant.title, **timed, "us_per_step": found.median / T * 1e6}


def _ratios(times: Times, subject: str) -> dict[str, dict[str, float]]:
    """How many times longer than the subject everybody else took."""
    if subject not in times.rounds:
        return {}
    return {name: times.ratio(name, subject)._asdict() for name in times.rounds if name != subject}
