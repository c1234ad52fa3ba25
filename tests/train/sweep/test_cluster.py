"""Sweeps on Dask's workers: one is killed on the way, one is stopped, one has nobody to do its work."""

import json
import os
import signal
import threading
import time

import numba
import pytest
from threadpoolctl import threadpool_info

from sabcore.errors import ConfigError, TrainingError
from sabcore.train.begin import CONFIG
from sabcore.train.run import CHECKPOINT, LOG, SAVE_EVERY, Run
from sabcore.train.sweep.plan import plan, read_grids
from sabcore.train.sweep.work import RESULT, work
from tests.children import PATIENCE
from tests.train.test_experiment import SMALL

cluster = pytest.importorskip("sabcore.train.sweep.cluster", exc_type=ImportError)

FILES = (CHECKPOINT, LOG, CONFIG, RESULT)
SHORT, LONG, ENDLESS = 60, 400, 10**6


@pytest.fixture(scope="module")
def client():
    with cluster.local_workers(2) as found:
        yield found


@pytest.fixture
def points(tmp_path):
    """Two short runs and two long ones."""
    (tmp_path / "small.toml").write_text(SMALL)
    return plan(tmp_path / "small.toml", read_grids([f"steps={SHORT},{LONG}"]), 2)


def files(folder):
    return {name: ((folder / name).read_bytes(), (folder / name).stat().st_mtime_ns) for name in FILES}


def contents(folder):
    return {name: (folder / name).read_bytes() for name in FILES}


def steps_logged(folder):
    return (folder / LOG).read_bytes().count(b"\n") if (folder / LOG).exists() else 0


def wait_until(found):
    """What `found` finds, asked until it finds something."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if something := found():
            return something
        time.sleep(0.01)
    raise TimeoutError(f"nothing was found in {PATIENCE} seconds")


def test_workers_are_spawned_and_ignore_interrupts(client):
    def look():
        import multiprocessing

        return os.getppid(), getattr(multiprocessing.parent_process(), "pid", None), signal.getsignal(signal.SIGINT)

    import dask

    assert dask.config.get("distributed.worker.multiprocessing-method") == "spawn"
    assert list(client.nthreads().values()) == [1, 1]
    for parent, told, handler in client.run(look).values():
        assert parent == told == os.getpid()
        assert handler == signal.SIG_IGN


def test_a_run_has_one_thread_and_the_process_what_it_had(client, points, monkeypatch):
    def threads(*_):
        blas = {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}
        return {"numba": numba.get_num_threads(), "blas": blas}

    monkeypatch.setattr(cluster, "work", threads)
    monkeypatch.delenv("NUMBA_NUM_THREADS", raising=False)
    before = threads()
    described = json.dumps(points[0].experiment.to_dict())
    assert cluster._work("folder", described, 1, "topic") == {"numba": 1, "blas": {1}}
    assert threads() == before
    assert "NUMBA_NUM_THREADS" not in os.environ  # Numba refuses another number once it has begun


def test_a_killed_worker_loses_no_finished_run_and_one_checkpoint_interval_of_its_own(tmp_path, client, points):
    news: list[dict] = []
    pids, killed, before = client.run(os.getpid), {}, {}
    short, long = ([point.folder for point in points if point.experiment.steps == steps] for steps in (SHORT, LONG))

    def kill_one():
        """The worker of a long run that is past a checkpoint, once the short ones are done."""
        wait_until(lambda: all((tmp_path / folder / RESULT).exists() for folder in short))
        before.update({folder: files(tmp_path / folder) for folder in short})
        far = wait_until(lambda: [folder for folder in long if steps_logged(tmp_path / folder) > SAVE_EVERY])
        (address,) = (one for one, keys in client.processing().items() if any(far[0] in key for key in keys))
        os.kill(pids[address], signal.SIGKILL)
        killed[far[0]] = steps_logged(tmp_path / far[0])

    killer = threading.Thread(target=kill_one)
    killer.start()
    outcomes = list(cluster.sweep(client, tmp_path, points, 20, news.append))
    killer.join()
    ((victim, step),) = killed.items()
    begun = [one["step"] for one in news if one["folder"] == victim and one["begins"]]
    assert len(begun) == 2, "it was not killed while it trained"
    assert begun[0] == 0
    assert begun[1] == step // SAVE_EVERY * SAVE_EVERY
    assert all(files(tmp_path / folder) == kept for folder, kept in before.items())
    assert len(before) == 2
    assert {outcome.point.folder for outcome in outcomes} == {point.folder for point in points}
    for point, result, error in outcomes:
        assert error is None
        assert result == work(tmp_path / "undisturbed" / point.folder, point.experiment, 20)
        assert contents(tmp_path / point.folder) == contents(tmp_path / "undisturbed" / point.folder)


def test_a_stopped_sweep_has_saved_what_was_under_way_and_left_the_rest(tmp_path, client, points):
    endless = plan(tmp_path / "small.toml", read_grids([f"steps={ENDLESS}"]), 3)
    begun = threading.Event()
    outcomes = list(cluster.sweep(client, tmp_path, endless, 20, lambda news: begun.set(), begun.is_set))
    assert [(outcome.result, outcome.error) for outcome in outcomes] == [(None, None)] * 3
    steps = []
    for folder in (tmp_path / point.folder for point in endless):
        if (folder / CHECKPOINT).exists():
            steps.append(steps_logged(folder))
            with Run.resume(folder) as run:
                assert run.step == steps[-1]  # saved where it was, not at an interval
    assert steps
    assert len(steps) < 3  # of three runs, two had workers


def test_a_run_that_fails_is_told_in_one_line_and_the_others_go_on(tmp_path, client, points):
    (tmp_path / points[0].folder).write_text("in the way")
    outcomes = {outcome.point.folder: outcome for outcome in cluster.sweep(client, tmp_path, points[:2], 20)}
    assert "cannot be made a folder" in outcomes[points[0].folder].error
    assert "Traceback" not in outcomes[points[0].folder].error
    assert outcomes[points[1].folder].result["step"] == SHORT


def test_a_scheduler_that_is_not_there_is_told_in_one_line(monkeypatch):
    monkeypatch.setattr(cluster, "REACH", 0.2)
    for address in ("tcp://127.0.0.1:1", "nonsense://x"):
        with pytest.raises(ConfigError, match="cannot be reached") as caught, cluster.workers_of(address):
            pass
        assert "\n" not in str(caught.value)


def test_another_scheduler_is_used_and_left_running(tmp_path, client, points):
    with cluster.workers_of(client.scheduler.address) as other:
        assert [outcome.result["step"] for outcome in cluster.sweep(other, tmp_path, points[:1], 20)] == [SHORT]
    assert len(client.nthreads()) == 2


def test_without_workers_it_does_not_wait_for_ever(tmp_path, points, monkeypatch):
    monkeypatch.setattr(cluster, "WITHOUT_WORKERS", 0.1)
    with cluster.local_workers(0) as nobody, pytest.raises(TrainingError, match="there was no worker for"):
        list(cluster.sweep(nobody, tmp_path, points, 20))
