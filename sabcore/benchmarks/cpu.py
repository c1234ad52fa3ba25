"""The suite on a CPU: SAB and LSTM against their peers, growth with T, top-k, and the limits of the machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from . import apart, selection
from .duels import run_duels
from .limits import Limits
from .long_run import LONG
from .machine import describe
from .race import Race, Tick
from .workload import lstm_config, sab_config


@dataclass(frozen=True)
class Suite:
    """How much is run. `lengths`: T of each SAB race, and the peers that are fast and small enough for it.

    The races at `single_T` and `lstm_T` are run on one thread as well: what a busy machine does to a single thread, it
    does to everybody's.
    """

    B: int
    hidden: int
    lengths: dict[int, tuple[str, ...]]
    single_T: int
    lstm_T: int
    growth: tuple[int, ...]
    selection: tuple[int, ...]
    seconds: float
    check_T: int
    weighed: bool


EVERY = ("sabcore-plain", "torch-cached", "torch-listed", "torch-paper", "jax-scan")
FULL = Suite(
    B=64,
    hidden=128,
    lengths={
        60: (*EVERY, "torch-compiled"),
        120: EVERY,
        240: ("sabcore-plain", "torch-cached", "jax-scan"),
        420: ("sabcore-plain", "torch-cached", "torch-listed"),
        1000: (),
        2000: (),
        4000: (),
    },
    single_T=120,
    lstm_T=200,
    growth=(500, 1000, 2000, 4000),
    selection=selection.LENGTHS,
    seconds=12.0,
    check_T=40,
    weighed=True,
)
QUICK = Suite(
    B=16,
    hidden=64,
    lengths={30: ("torch-cached",), 60: ("sabcore-plain", "torch-cached", "torch-paper", "jax-scan")},
    single_T=60,
    lstm_T=60,
    growth=(100, 400),
    selection=(100, 1_000),
    seconds=1.0,
    check_T=25,
    weighed=False,
)


def races(suite: Suite, engine: str, threads: int) -> Iterator[Race]:
    """SAB at every length, and the LSTM; then what is run on one thread. JAX cannot be told to take only one."""
    subject, B, lstm = f"sabcore-{engine}", suite.B, lstm_config(hidden_size=suite.hidden)
    sab, T, short = sab_config(hidden_size=suite.hidden), suite.lstm_T, suite.check_T
    lines = {length: tuple(dict.fromkeys((subject, *others))) for length, others in suite.lengths.items()}
    for length, entrants in lines.items():
        yield Race(f"SAB, T={length}", sab, length, B, entrants, subject, threads, suite.weighed, short)
    yield Race(f"LSTM, T={T}", lstm, T, B, (subject, "torch-lstm"), subject, threads, suite.weighed, short)
    if threads > 1:
        alone = tuple(name for name in lines[suite.single_T] if name != "jax-scan")
        yield Race(f"SAB, T={suite.single_T}", sab, suite.single_T, B, alone, subject, 1, weighed=False, short_T=short)
        yield Race(f"LSTM, T={T}", lstm, T, B, (subject, "torch-lstm"), subject, 1, weighed=False, short_T=short)


def count(suite: Suite, engine: str, threads: int, long: bool) -> int:
    """How many parts `run` reports as done."""
    return 3 + len(list(races(suite, engine, threads))) + long


def run(suite: Suite, engine: str, threads: int, long: bool, tick: Tick, done: Tick) -> dict[str, Any]:
    """Everything, JSON-ready. `tick` is told what runs, `done` what has been finished. No two parts share a process."""
    found: dict[str, Any] = {"kind": "cpu", "machine": describe(), "threads": threads, "engine": engine, "long": None}
    found["quick"] = suite.B != FULL.B

    def part(name: str, title: str, **arguments: Any) -> Any:
        tick(title)
        result = apart.run_part(name, arguments, tick)
        done(title)
        return result

    if long:
        found["long"] = part("long", f"T={LONG.T:,}", engine=engine, threads=threads)
    found["limits"] = part("limits", "limits of the machine", threads=threads, seconds=suite.seconds / 4)
    found["races"] = []
    for race in races(suite, engine, threads):
        found["races"].append(run_duels(race, suite.seconds, Limits(**found["limits"]), tick))
        done(race.title)
    sizes = {"hidden": suite.hidden, "B": suite.B, "lengths": suite.growth}
    found["growth"] = part("growth", "growth with T", **sizes, engine=engine, threads=threads, seconds=suite.seconds)
    found["selection"] = part("selection", "top-k", lengths=suite.selection, seconds=suite.seconds / 4)
    return found


def agreed(found: dict[str, Any]) -> bool:
    """Whether every entrant's gradients were right, everywhere, and the long run's finite."""
    rows = [row for race in found["races"] for row in race["agreements"]]
    return all(row["passed"] for row in rows) and (not found["long"] or found["long"]["finite"])
