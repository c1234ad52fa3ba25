"""Training steps on the card, by CUDA events: against the peers at several lengths, and alone at growing batches."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from typing import Any

from sabcore import SABConfig

from ..limits import Limits
from ..measure import Clock, interleave
from ..peers import Entrant, engines, peers
from ..race import Race, Track, run_race
from ..threads import cores
from ..workload import lstm_config, make_workload, sab_config
from .parts import PartFailedError

B = 64
#: Steps of a race, and who takes part besides the subject: those that fit in the card's memory and in a minute.
SAB = {200: ("sabcore-plain", "torch-cached", "torch-compiled"), 1000: ("torch-cached", "torch-compiled"), 5000: ()}
LSTM = {200: ("sabcore-plain", "torch-lstm", "torch-lstm-tf32"), 1000: ("torch-lstm", "torch-lstm-tf32")}
LSTM[5000] = LSTM[1000]
#: A thousand sequences more than twice fill any card with one block a sequence.
BATCHES = tuple(64 << k for k in range(8))
SECONDS = 6.0


def event_clock(cupy: Any) -> Clock:
    """Seconds between two events around a run, on the stream that CuPy and PyTorch both use unless told otherwise."""

    def clock(run: Callable[[], Any]) -> float:
        start, stop = cupy.cuda.Event(), cupy.cuda.Event()
        cupy.cuda.Device().synchronize()
        start.record()
        result = run()
        stop.record()
        stop.synchronize()
        del result
        return cupy.cuda.get_elapsed_time(start, stop) / 1e3

    return clock


def races(model: str, subject: str) -> Iterator[Race]:
    """SAB at every length, the longest with k_att = 10 as well; or the LSTM."""
    if model == "LSTM":
        for T, others in LSTM.items():
            entrants = tuple(dict.fromkeys((subject, *others)))
            yield Race(f"LSTM, T={T}", lstm_config(), T, B, entrants, subject, cores(), weighed=False)
        return
    for T, others in SAB.items():
        entrants = tuple(dict.fromkeys((subject, *others)))
        yield Race(f"SAB, T={T}", sab_config(), T, B, entrants, subject, cores(), weighed=False)
    title, longest = "SAB, k_att=10", max(SAB)
    yield Race(f"{title}, T={longest}", sab_config(k_att=10), longest, B, (subject,), subject, cores(), weighed=False)


def subject() -> str:
    """The engine that the ratios are about: the fastest one on the card."""
    return [entrant.name for entrant in engines("cuda") if entrant.missing() is None][-1]


def run_races(cupy: Any, model: str, limits: Limits, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """Every race of a model; one that fails does not keep the next from running.

    Raises:
        PartFailedError: one failed, or an entrant disagreed; the others are in its `found`.
    """
    known: dict[str, Entrant] = {entrant.name: entrant for entrant in [*engines("cuda"), *peers("cuda")]}
    track, found, failures = Track(known, SECONDS, limits, event_clock(cupy)), [], []
    for race in races(model, subject()):
        try:
            found.append(run_race(race, track, say))
            failures += [f"{row['entrant']} disagrees" for row in found[-1]["agreements"] if not row["passed"]]
        except Exception as error:  # one library out of memory must not hide the others' times
            failures.append(f"{race.title}: {type(error).__name__}: {error}"[:200])
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
