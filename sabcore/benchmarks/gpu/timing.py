"""Training steps on the card, by CUDA events: against the peers at several lengths, and alone at growing batches."""

from __future__ import annotations

import gc
import math
from collections.abc import Callable, Iterator
from typing import Any

from sabcore import SABConfig
from sabcore.text import error_line

from ..limits import Limits
from ..measure import Clock, interleave
from ..peers import Entrant, engines, peers
from ..race import Race, Track, run_race
from ..threads import cores
from ..workload import lstm_config, make_workload, sab_config
from .parts import PartFailedError

B = 64
#: Steps of a race, and who takes part besides the subject: those that fit in the card's memory and in a minute.
SAB = {
    200: ("sabcore-plain", "torch-cached", "torch-graph", "torch-compiled", "torch-reduce-overhead"),
    1000: ("torch-cached", "torch-graph"),
    5000: (),
}
LSTM = {200: ("sabcore-plain", "torch-lstm", "torch-lstm-tf32"), 1000: ("torch-lstm", "torch-lstm-tf32")}
LSTM[5000] = LSTM[1000]
#: A thousand sequences more than twice fill any card with one block a sequence.
BATCHES = tuple(64 << k for k in range(8))
SECONDS = 6.0
#: Seconds between two events, at least: an idle card needs some milliseconds to come up to speed.
STRETCH = 0.05
#: From so many steps on, gradients are checked on two sequences: the plain engine takes long in float64.
LONG, LONG_ROWS = 5000, 2


def event_clock(cupy: Any) -> Clock:
    """Seconds of a run by two events, on the stream that CuPy and PyTorch both use unless told otherwise: the mean of
    as many, one right after the other, as take `STRETCH`."""

    def clock(run: Callable[[], Any]) -> float:
        once = between_events(cupy, run, 1)
        return once if once >= STRETCH else between_events(cupy, run, math.ceil(STRETCH / max(once, 1e-6)))

    return clock


def between_events(cupy: Any, run: Callable[[], Any], count: int) -> float:
    """Seconds that the card takes for one of `count` runs."""
    start, stop = cupy.cuda.Event(), cupy.cuda.Event()
    cupy.cuda.Device().synchronize()
    start.record()
    for _ in range(count):
        result = run()
        del result
    stop.record()
    stop.synchronize()
    return cupy.cuda.get_elapsed_time(start, stop) / 1e3 / count


def races(model: str, subject: str, quick: bool = False) -> Iterator[Race]:
    """SAB at every length, the longest with k_att = 10 as well; or the LSTM; the first two lengths only if `quick`."""
    config, lengths = (lstm_config(), LSTM) if model == "LSTM" else (sab_config(), SAB)
    for T, others in list(lengths.items())[: 2 if quick else None]:
        yield _race(f"{model}, T={T}", config, T, (subject, *others))
    if model == "SAB" and not quick:
        longest = max(lengths)
        yield _race(f"SAB, k_att=10, T={longest}", sab_config(k_att=10), longest, (subject,))


def _race(title: str, config: SABConfig, T: int, entrants: tuple[str, ...]) -> Race:
    rows = {"checked_rows": LONG_ROWS} if T >= LONG else {}
    return Race(title, config, T, B, tuple(dict.fromkeys(entrants)), entrants[0], cores(), weighed=False, **rows)


def subject() -> str:
    """The engine that the ratios are about: the fastest one on the card."""
    return [entrant.name for entrant in engines("cuda") if entrant.missing() is None][-1]


def run_races(
    cupy: Any, model: str, limits: Limits, say: Callable[[str], None], quick: bool = False
) -> list[dict[str, Any]]:
    """Every race of a model; one that fails does not keep the next from running.

    Raises:
        PartFailedError: one failed, or an entrant disagreed; the others are in its `found`.
    """
    known: dict[str, Entrant] = {entrant.name: entrant for entrant in [*engines("cuda"), *peers("cuda")]}
    track, found, failures = Track(known, SECONDS, limits, event_clock(cupy), settle=0.0), [], []
    for race in races(model, subject(), quick):
        try:
            found.append(run_race(race, track, say))
            failures += [f"{row['entrant']} disagrees" for row in found[-1]["agreements"] if not row["passed"]]
        except Exception as error:  # one library out of memory must not hide the others' times
            failures.append(f"{race.title}: {error_line(error, longest=200)}")
        release(cupy)
    if failures:
        raise PartFailedError("; ".join(failures), found)
    return found


def batches(cupy: Any, config: SABConfig, T: int) -> list[dict[str, float]]:
    """Seconds a training step at growing batch sizes, until the card's memory is full."""
    entrant = next(entrant for entrant in engines("cuda") if entrant.name == subject())
    rows = []
    for size in BATCHES:
        try:
            run = entrant.prepare(make_workload(config, T, size))
            times = interleave({"it": run}, SECONDS / 4, event_clock(cupy))
        except (MemoryError, cupy.cuda.memory.OutOfMemoryError):
            break
        rows.append({"B": size, "seconds": times.spread("it").median})
        release(cupy)
    if not rows:
        raise PartFailedError(f"not even a batch of {BATCHES[0]} fits", rows)
    return rows


def release(cupy: Any) -> None:
    """Give back what CuPy and PyTorch keep of the card's memory: each would starve the other."""
    import sys

    gc.collect()
    cupy.get_default_memory_pool().free_all_blocks()
    if torch := sys.modules.get("torch"):
        torch.cuda.empty_cache()
