"""The suite on a CPU: SAB and LSTM against their peers, growth with T, top-k, and the limits of the machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from . import selection
from .agree import as_dict, check
from .growth import growth
from .limits import Limits, measure_limits
from .long_run import LONG, long_run
from .machine import describe
from .peers import Entrant, engines, peers
from .race import Race, Tick, Track, bar, run_race
from .threads import use_threads
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


EVERY = ("sabcore-plain", "torch-cached", "torch-listed", "torch-compiled", "torch-paper", "jax-scan")
FULL = Suite(
    B=64,
    hidden=128,
    lengths={
        60: EVERY,
        120: EVERY,
        240: ("sabcore-plain", "torch-cached", "torch-listed", "torch-compiled", "jax-scan"),
        420: ("sabcore-plain", "torch-cached", "torch-listed", "torch-compiled"),
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
    sab, T = sab_config(hidden_size=suite.hidden), suite.lstm_T
    lines = {length: tuple(dict.fromkeys((subject, *others))) for length, others in suite.lengths.items()}
    for length, entrants in lines.items():
        yield Race(f"SAB, T={length}", sab, length, B, entrants, subject, threads, suite.weighed)
    yield Race(f"LSTM, T={T}", lstm, T, B, (subject, "torch-lstm"), subject, threads, suite.weighed)
    if threads > 1:
        alone = tuple(name for name in lines[suite.single_T] if name != "jax-scan")
        yield Race(f"SAB, T={suite.single_T}", sab, suite.single_T, B, alone, subject, 1, weighed=False)
        yield Race(f"LSTM, T={T}", lstm, T, B, (subject, "torch-lstm"), subject, 1, weighed=False)


def count(suite: Suite, engine: str, threads: int, long: bool) -> int:
    """How many parts `run` reports as done."""
    return 4 + len(list(races(suite, engine, threads))) + long


def run(suite: Suite, engine: str, threads: int, long: bool, tick: Tick, done: Tick) -> dict[str, Any]:
    """Everything, JSON-ready. `tick` is told what runs, `done` what has been finished."""
    found: dict[str, Any] = {"kind": "cpu", "machine": describe(), "threads": threads, "engine": engine, "long": None}
    if long:  # first, while nothing else has taken memory: its peak is the whole process's
        with use_threads(threads):
            found["long"] = long_run(LONG, engine, tick)
        done(f"T={LONG.T:,}")
    known = {entrant.name: entrant for entrant in [*engines(), *peers()]}
    chosen = list(races(suite, engine, threads))
    with use_threads(threads):
        found["agreements"] = _check(suite, known, chosen, tick)
        done("gradients checked")
        limits = found["limits"] = measure_limits(threads, suite.seconds / 4)._asdict()
        done("limits measured")
    wrong = {row["entrant"] for row in found["agreements"] if not row["passed"]}
    track = Track({name: bar(entrant) if name in wrong else entrant for name, entrant in known.items()},
                  suite.seconds, Limits(**limits))  # fmt: skip
    found["races"] = []
    for race in chosen:
        found["races"].append(run_race(race, track, tick))
        done(race.title)
    with use_threads(threads):
        found |= _alone(suite, engine, tick, done)
    return found


def _check(suite: Suite, known: dict[str, Entrant], chosen: list[Race], tick: Tick) -> list[dict[str, Any]]:
    """The float64 verdict on everybody who is to be timed, once a model."""
    verdicts = []
    for config in dict.fromkeys(race.config for race in chosen):
        names = dict.fromkeys(name for race in chosen if race.config == config for name in race.entrants)
        here = [known[name] for name in names if known[name].absent(config) is None]
        tick(f"checking the gradients of {len(here)} entrants")
        verdicts += check(here, config, suite.check_T, B=4)
    return [as_dict(verdict) for verdict in verdicts]


def _alone(suite: Suite, engine: str, tick: Tick, done: Tick) -> dict[str, Any]:
    """What has no peers, or peers of its own."""
    config, found = sab_config(hidden_size=suite.hidden), dict[str, Any]()
    tick("growth with T")
    found["growth"] = growth(config, suite.B, suite.growth, engine, suite.seconds)
    done("growth with T")
    tick("top-k")
    found["selection"] = selection.race(suite.selection, suite.seconds / 4)
    done("top-k")
    return found


def agreed(found: dict[str, Any]) -> bool:
    """Whether every entrant's gradients were right, everywhere, and the long run's finite."""
    rows = [*found["agreements"], *(row for race in found["races"] for row in race["agreements"])]
    return all(row["passed"] for row in rows) and (not found["long"] or found["long"]["finite"])
