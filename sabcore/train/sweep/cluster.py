"""All runs of a sweep on Dask's workers: processes of this machine, spawned, with one thread each, or those of a
scheduler elsewhere, whose machines must see the same folder.

A worker that dies loses no finished run, and of its own what came after the last checkpoint: Dask gives the run to
another worker, which resumes it from its folder.
"""

from __future__ import annotations

import contextlib
import json
import logging
import secrets
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import dask
import numba
from distributed import Client, Event, Future, LocalCluster, WorkerPlugin, get_worker, wait
from distributed.scheduler import KilledWorker
from threadpoolctl import threadpool_limits

from sabcore.errors import ConfigError, TrainingError
from sabcore.text import error_line, one_line
from sabcore.train.experiment import Experiment
from sabcore.train.sweep.plan import Point
from sabcore.train.sweep.work import work

#: Seconds between two looks: at what is done, and on a worker at whether the sweep was stopped.
LOOK = 0.5
#: Seconds to reach a scheduler, and that a sweep may be without any worker.
REACH, WITHOUT_WORKERS = 10, 60.0


class Outcome(NamedTuple):
    """What became of one run: a result, an error in one line, or neither, if it was stopped on the way."""

    point: Point
    result: dict[str, Any] | None = None
    error: str | None = None


class IgnoreInterrupts(WorkerPlugin):
    """A terminal sends Ctrl-C to all processes in front; the sweep hears it, and tells its workers to save and stop."""

    def setup(self, worker: Any) -> None:
        """Called in the main thread of each worker's process when it starts."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextlib.contextmanager
def local_workers(count: int) -> Iterator[Client]:
    """So many processes of this machine. They are spawned: a forked one would inherit locks and threads half-way."""
    here: dict[str, Any] = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}
    settings = {"distributed.worker.multiprocessing-method": "spawn"}
    with (
        dask.config.set(settings),
        LocalCluster(n_workers=count, threads_per_worker=1, processes=True, **here,
                     memory_limit=0, silence_logs=logging.CRITICAL, plugins=[IgnoreInterrupts()]) as cluster,
        Client(cluster) as client,
    ):  # fmt: skip
        yield client


@contextlib.contextmanager
def workers_of(scheduler: str) -> Iterator[Client]:
    """The workers of a scheduler that runs already, and goes on after the sweep.

    Raises:
        ConfigError: it cannot be reached.
    """
    try:
        client = Client(scheduler, timeout=REACH)
    except (OSError, ValueError, TimeoutError) as error:
        raise ConfigError(f"the scheduler {scheduler} cannot be reached: {error_line(error, 200)}") from error
    with client:
        yield client


def sweep(
    client: Client,
    out: Path,
    points: list[Point],
    sequences: int,
    tell: Callable[[Mapping[str, Any]], None] = lambda news: None,
    stopped: Callable[[], bool] = lambda: False,
) -> Iterator[Outcome]:
    """The outcome of each run, as they come; see `work`.

    Args:
        tell: called now and then with `{"folder", "step", "begins"}` of a run under way; from another thread.
        stopped: once it says so, the runs under way are saved and the others left alone.

    Raises:
        TrainingError: there was no worker for a while.
    """
    topic = f"sab-sweep-{secrets.token_hex(8)}"
    client.subscribe_topic(topic, lambda event: tell(event[1]))
    stop, workers = Event(topic, client=client), _Attendance(client)
    pending: dict[Future, Point] = {}
    for point in points:
        described = json.dumps(point.experiment.to_dict())
        arguments = (str(out.absolute() / point.folder), described, sequences, topic)
        pending[client.submit(_work, *arguments, key=f"{topic}-{point.folder}", pure=False)] = point
    try:
        while pending:
            if stopped():
                stop.set()
            for future in _done(list(pending)):
                yield _outcome(pending.pop(future), future)
            workers.check()
    finally:
        client.unsubscribe_topic(topic)
        client.cancel(list(pending), force=True)


def _work(folder: str, described: str, sequences: int, topic: str) -> dict[str, Any] | None:
    """`work`, on a worker: it tells the sweep how far it is, and asks whether to stop, twice a second."""
    stop = Event(topic)
    state: dict[str, Any] = {"looked": 0.0, "stop": False, "begins": True}

    def look(step: int) -> None:
        if time.monotonic() - state["looked"] < LOOK:
            return
        news = {"folder": Path(folder).name, "step": step, "begins": state["begins"]}
        get_worker().log_event(topic, news)
        state.update(looked=time.monotonic(), stop=stop.is_set(), begins=False)

    if stop.is_set():
        return None
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        with threadpool_limits(1, user_api="blas"):
            return work(folder, Experiment.from_dict(json.loads(described)), sequences, look, lambda: state["stop"])
    finally:
        numba.set_num_threads(before)


def _done(futures: list[Future]) -> set[Future]:
    try:
        return wait(futures, timeout=LOOK, return_when="FIRST_COMPLETED").done
    except TimeoutError:
        return set()


def _outcome(point: Point, future: Future) -> Outcome:
    if future.status == "finished":
        return Outcome(point, future.result())
    error = future.exception() if future.status == "error" else None
    if isinstance(error, KilledWorker):
        return Outcome(point, error="several workers died while they trained it: for want of memory, perhaps")
    if error is None:
        return Outcome(point, error="the scheduler dropped it")
    return Outcome(point, error=one_line(error) if type(error).__module__ == "sabcore.errors" else error_line(error))


class _Attendance:
    """Whether there is anybody to do the work."""

    def __init__(self, client: Client) -> None:
        self.client, self.seen = client, time.monotonic()

    def check(self) -> None:
        if self.client.nthreads():
            self.seen = time.monotonic()
        elif time.monotonic() - self.seen > WITHOUT_WORKERS:
            raise TrainingError(f"there was no worker for {WITHOUT_WORKERS:g} seconds; the same command goes on later")
