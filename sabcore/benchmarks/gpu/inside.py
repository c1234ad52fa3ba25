"""Where a training step's time goes: forward kernel, backward kernel, what surrounds them, and the host."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sabcore.engine.cuda import launch

from ..peers import engines
from ..workload import make_workload, sab_config
from .timing import B, between_events

#: Steps of the sequences that are looked into, and how many passes are averaged.
LENGTHS, PASSES = (200, 1000), 10


def insides(cupy: Any) -> list[dict[str, Any]]:
    """Seconds at each length: the first pass, which compiles (`cold`); a pass, by events (`step`), of it the kernels by
    name; until the call returns (`host`), and until the card is done as well (`latency`). Of each kernel, what a thread
    and a block take."""
    return [_inside(cupy, T) for T in LENGTHS]


def _inside(cupy: Any, T: int) -> dict[str, Any]:
    entrant = next(entrant for entrant in engines("cuda") if entrant.name == "sabcore-cuda")
    run = entrant.prepare(make_workload(sab_config(), T, B))
    found: dict[str, Any] = {"T": T, "cold": sum(_wall(cupy, run))}
    found["step"] = between_events(cupy, run, PASSES)
    found["host"], waiting = _wall(cupy, run)
    found["latency"] = found["host"] + waiting
    with watched_launches(cupy) as spans:
        run()
    cupy.cuda.Device().synchronize()
    for name, start, stop, _ in spans:
        found[name] = cupy.cuda.get_elapsed_time(start, stop) / 1e3
    found["products"] = found["step"] - sum(found[name] for name, *_ in spans)
    found["kernels"] = {name: {**_resources(name, args), "shared_bytes": args[3]} for name, _, _, args in spans}
    return found


def _wall(cupy: Any, run: Any) -> tuple[float, float]:
    """Seconds until a run returns, and from then until the card is done."""
    cupy.cuda.Device().synchronize()
    start = time.perf_counter()
    result = run()
    returned = time.perf_counter()
    cupy.cuda.Device().synchronize()
    del result
    return returned - start, time.perf_counter() - returned


@contextmanager
def watched_launches(cupy: Any) -> Iterator[list[tuple[str, Any, Any, tuple[Any, ...]]]]:
    """Every kernel launched inside, with an event before it, one after it, and the launch's arguments."""
    spans: list[tuple[str, Any, Any, tuple[Any, ...]]] = []
    launch_kernel = launch.launch

    def watched(name: str, *args: Any) -> None:
        start, stop = cupy.cuda.Event(), cupy.cuda.Event()
        start.record()
        launch_kernel(name, *args)
        stop.record()
        spans.append((name, start, stop, args))

    launch.launch = watched  # type: ignore[assignment]
    try:
        yield spans
    finally:
        launch.launch = launch_kernel


def _resources(name: str, args: tuple[Any, ...]) -> dict[str, int]:
    attributes = launch.kernel(name, args[0]).attributes
    return {"registers": attributes["num_regs"], "spilled_bytes": attributes["local_size_bytes"]}
