"""The training loop: the guard against what is not finite, runs in folders, and SIGKILL at any moment."""

import hashlib
import json
import math
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from sabcore import SABConfig
from sabcore.array.files import read_tensors
from sabcore.errors import ConfigError, FormatError, TrainingError
from sabcore.train import loop, run
from sabcore.train.loop import PATIENCE, Settings, learn, start
from sabcore.train.run import CHECKPOINT, LOG, Run
from sabcore.train.task import Batch, CopyTask
from tests.strict_array import StrictArray

SETTINGS = Settings(CopyTask(2), batch_size=3, learning_rate=0.01, seed=5, dtype="float32", clip_norm=1.0)
SIZES = {"input_size": 10, "hidden_size": 4, "output_size": 10}
CONFIGS = {
    "sab": SABConfig.paper(**SIZES, attention_size=3, k_top=2, k_att=2, k_trunc=5),
    "lstm": SABConfig.lstm(**SIZES, k_trunc=5),
}


def batch_of(step):
    return SETTINGS.task.batch(SETTINGS.seed, step, SETTINGS.batch_size, SETTINGS.dtype)


def same(a, b):
    """True if two dictionaries of arrays are equal to the bit."""
    return a.keys() == b.keys() and all(a[k].dtype == b[k].dtype and a[k].tobytes() == b[k].tobytes() for k in a)


def poison(monkeypatch, where, value, at=None):
    """Let the engine return `value` in one tensor, at the calls numbered in `at` (every call if None)."""
    calls = iter(range(10**6))

    def bad_forward(config, params, x):
        y, tape = forward(config, params, x)
        if where == "loss" and (at is None or next(calls) in at):
            y[0, 0, 0] = value
        return y, tape

    def bad_backward(config, params, tape, dy):
        grads = backward(config, params, tape, dy)
        if where in grads and (at is None or next(calls) in at):
            grads[where].reshape(-1)[-1] = value
        return grads

    forward, backward = loop.forward, loop.backward
    monkeypatch.setattr(loop, "forward", bad_forward)
    monkeypatch.setattr(loop, "backward", bad_backward)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("where", ["loss", "W_ih", "W_hh", "b", "W_m", "W_q", "w_a", "V_h", "V_s", "d"])
def test_what_is_not_finite_never_reaches_the_parameters(monkeypatch, where, value):
    learner = learn(start(SETTINGS, CONFIGS).learners[0], batch_of(1), SETTINGS)[0]
    poison(monkeypatch, where, value)
    after, report = learn(learner, batch_of(2), SETTINGS)
    assert same(after.params, learner.params)
    assert same(after.state, learner.state)
    assert (after.skipped, after.in_a_row) == (1, 1)
    assert report["skipped"] == ("the loss" if where == "loss" else f"the gradient of {where}")
    json.dumps(report, allow_nan=False)


def test_an_update_that_overflows_is_not_kept():
    settings = replace(SETTINGS, learning_rate=1e38)
    learner = start(settings, CONFIGS).learners[0]
    first = learn(learner, batch_of(1), settings)[0]
    huge = replace(learner, params={**learner.params, "d": np.full(10, -3e38, "float32")})
    after, report = learn(huge, batch_of(1), replace(settings, learning_rate=3e38))
    assert first.skipped == 0
    assert same(after.params, huge.params)
    assert report["skipped"].startswith("the ")
    assert after.skipped == 1


def test_a_gradient_of_x_that_is_not_finite_does_no_harm(monkeypatch):
    learner = start(SETTINGS, CONFIGS).learners[0]
    want = learn(learner, batch_of(1), SETTINGS)[0]
    poison(monkeypatch, "x", math.nan)
    assert same(learn(learner, batch_of(1), SETTINGS)[0].params, want.params)


def test_skips_are_counted_and_a_good_step_ends_the_row(monkeypatch):
    poison(monkeypatch, "b", math.nan, at={1, 2, 4})
    only = {"lstm": CONFIGS["lstm"]}
    snapshots = [snapshot for snapshot, _ in loop.train(SETTINGS, start(SETTINGS, only), 6)]
    counts = [(s.learners[0].skipped, s.learners[0].in_a_row) for s in snapshots]
    assert counts == [(0, 0), (1, 1), (2, 2), (2, 0), (3, 1), (3, 0)]


def test_training_stops_after_a_stated_number_in_a_row_naming_step_and_tensor(monkeypatch):
    poison(monkeypatch, "W_m", math.inf, at=range(4, 10**6))
    training = loop.train(SETTINGS, start(SETTINGS, {"sab": CONFIGS["sab"]}), 100)
    assert [next(training)[0].step for _ in range(3 + PATIENCE)] == list(range(1, 4 + PATIENCE))
    with pytest.raises(TrainingError, match=rf"step {4 + PATIENCE}: the gradient of W_m of model sab was not finite"):
        next(training)


@pytest.mark.parametrize(
    "field", [{"batch_size": 0}, {"batch_size": 2.0}, {"seed": -1}, {"seed": True}, {"learning_rate": 0.0},
              {"learning_rate": math.nan}, {"learning_rate": "1"}, {"hold": 0}, {"hold": 2.5}, {"clip_norm": math.inf},
              {"dtype": "float16"}, {"dtype": "complex128"}],
)  # fmt: skip
def test_bad_settings_are_refused_by_name(field):
    with pytest.raises(ConfigError, match=f"{next(iter(field))} is "):
        replace(SETTINGS, **field)


def test_models_start_from_the_same_lstm_and_learn_as_if_alone():
    together = [s for s, _ in loop.train(SETTINGS, start(SETTINGS, CONFIGS), 4)][-1].learners
    for name, learner in zip(CONFIGS, together, strict=True):
        alone = [s for s, _ in loop.train(SETTINGS, start(SETTINGS, {name: CONFIGS[name]}), 4)][-1].learners[0]
        assert same(learner.params, alone.params)
    first = start(SETTINGS, CONFIGS).learners
    assert first[0].params["W_hh"].tobytes() == first[1].params["W_hh"].tobytes()


def test_a_short_run_learns_when_recall_starts():
    """Ten of 22 targets are one of 8 symbols, the rest blank: the loss of knowing just that is 10 ln 8 / 22."""
    settings, only = replace(SETTINGS, batch_size=16, learning_rate=0.03), {"lstm": CONFIGS["lstm"]}
    losses = [record["lstm"]["loss"] for _, record in loop.train(settings, start(settings, only), 150)]
    assert losses[0] > 2
    assert np.mean(losses[-10:]) < 1.1 * 10 * math.log(8) / 22


@pytest.mark.parametrize("name", CONFIGS)
def test_a_step_on_a_device_copies_no_array_to_the_host_and_equals_the_host(monkeypatch, name):
    monkeypatch.setattr(loop, "forward", partial(loop.forward, engine="plain"))  # the one that both can run on
    host = next(one for one in start(SETTINGS, CONFIGS).learners if one.name == name)
    device = replace(host, params=on_device(host.params), state=on_device(host.state))
    for step in (1, 2):
        host, want = learn(host, batch_of(step), SETTINGS)
        device, got = learn(device, Batch(*map(StrictArray, batch_of(step))), SETTINGS)
        assert got == want
    assert same({key: value._value for key, value in {**device.params, **device.state}.items()},
                {**host.params, **host.state})  # fmt: skip


def on_device(arrays):
    return {name: StrictArray(value) for name, value in arrays.items()}


# Runs in folders


def finished(folder, steps=7):
    begun = Run.create(folder, SETTINGS, CONFIGS, {"who": "me"})
    assert [record["step"] for record in begun.train(steps)] == list(range(1, steps + 1))
    return begun


def fingerprint(folder):
    """What must not depend on kills: every tensor and the metadata (whose order of keys is free), and the log."""
    tensors, metadata = read_tensors(folder / CHECKPOINT)
    digest = {name: hashlib.sha256(value.tobytes()).hexdigest() for name, value in tensors.items()}
    return digest, metadata, (folder / LOG).read_bytes()


def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "SAVE_EVERY", 3)
    finished(tmp_path / "whole")
    for stop in range(1, 7):
        part = tmp_path / f"stopped{stop}"
        for record in Run.create(part, SETTINGS, CONFIGS, {"who": "me"}).train(7):
            if record["step"] == stop:
                break
        resumed = Run.resume(part)
        assert resumed.step == stop // 3 * 3
        list(resumed.train(7))
        assert fingerprint(part) == fingerprint(tmp_path / "whole")


def test_the_log_has_one_line_a_step_and_is_read_back(tmp_path):
    begun = finished(tmp_path)
    log = begun.read_log()
    assert [record["step"] for record in log] == list(range(1, 8))
    assert set(log[0]["sab"]) == {"loss", "accuracy", "norm", "skipped"}
    assert (tmp_path / LOG).stat().st_size == begun.log_size


def test_a_folder_that_holds_a_run_is_left_alone(tmp_path):
    finished(tmp_path)
    before = fingerprint(tmp_path)
    with pytest.raises(FormatError, match="holds a run already"):
        Run.create(tmp_path, SETTINGS, CONFIGS, {})
    assert fingerprint(tmp_path) == before


def test_unusable_folders_are_refused_before_training(tmp_path):
    (tmp_path / "file").write_text("x")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(FormatError, match="cannot be made a folder"):
            Run.create(folder, SETTINGS, CONFIGS, {})
    with pytest.raises(FormatError, match="no run that could be resumed"):
        Run.resume(tmp_path)


def test_a_log_shorter_than_the_checkpoint_says_is_refused(tmp_path):
    finished(tmp_path)
    os.truncate(tmp_path / LOG, 10)
    with pytest.raises(FormatError, match="shorter than the checkpoint says"):
        list(Run.resume(tmp_path).train(8))
    (tmp_path / LOG).unlink()
    with pytest.raises(FormatError, match="cannot be cut back"):
        list(Run.resume(tmp_path).train(8))


def test_a_half_written_checkpoint_is_swept_away(tmp_path):
    finished(tmp_path)
    (tmp_path / f".{CHECKPOINT}.x1y2.tmp").write_text("half")
    list(Run.resume(tmp_path).train(8))
    assert sorted(path.name for path in tmp_path.iterdir()) == [CHECKPOINT, LOG]


def test_a_log_that_cannot_be_written_is_one_line(tmp_path):
    begun = Run.create(tmp_path, SETTINGS, CONFIGS, {})
    (tmp_path / LOG).unlink()
    (tmp_path / LOG).mkdir()
    with pytest.raises(FormatError, match=r"log\.jsonl cannot be"):
        list(begun.train(1))
    with pytest.raises(FormatError, match=r"log\.jsonl cannot be written"):
        begun.save()


def test_a_log_that_is_not_json_is_refused_when_read(tmp_path):
    begun = finished(tmp_path)
    (tmp_path / LOG).write_bytes(b"\xff{")
    with pytest.raises(FormatError, match="cannot be read as the run's log"):
        begun.read_log()


# SIGKILL

KILLS = 4
#: A run in another process, saving every second step; `slow` makes each checkpoint write a long one.
PROGRAM = """
import os, sys, time
from tests.train.test_run import CONFIGS, SETTINGS
from sabcore.train import run
folder, steps, slow = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
run.SAVE_EVERY = 2
if slow:
    fsync, replace = os.fsync, os.replace
    def slow_fsync(handle):
        time.sleep(slow)
        fsync(handle)
    def slow_replace(source, target):
        time.sleep(slow)
        replace(source, target)
        time.sleep(slow)
    os.fsync, os.replace = slow_fsync, slow_replace
begun = os.path.exists(os.path.join(folder, run.CHECKPOINT))
one = run.Run.resume(folder) if begun else run.Run.create(folder, SETTINGS, CONFIGS, {"who": "me"})
print("ready", flush=True)
for record in one.train(steps):
    print(record["step"], flush=True)
"""


def launch(folder, steps, slow):
    root = Path(__file__).parents[2]
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder), str(steps), str(slow)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    )  # fmt: skip


@pytest.mark.parametrize(("slow", "seed"), [(0.0, 1), (0.02, 2)])
def test_runs_killed_at_random_moments_equal_an_uninterrupted_one(tmp_path, slow, seed):
    steps, rng, killed = 40, random.Random(seed), 0
    while True:
        process = launch(tmp_path / "killed", steps, slow)
        assert process.stdout.readline() == "ready\n", process.stderr.read()
        if killed < KILLS:
            time.sleep(rng.uniform(0, 0.1 + 10 * slow))
            process.send_signal(signal.SIGKILL)
        errors = process.communicate(timeout=60)[1]
        killed += process.returncode == -signal.SIGKILL
        if process.returncode == 0:
            break
        assert process.returncode == -signal.SIGKILL, errors
        Run.resume(tmp_path / "killed")
    assert killed == KILLS
    whole = launch(tmp_path / "whole", steps, 0.0)
    assert whole.wait(timeout=60) == 0
    assert fingerprint(tmp_path / "killed") == fingerprint(tmp_path / "whole")
    assert sorted(path.name for path in (tmp_path / "killed").iterdir()) == [CHECKPOINT, LOG]
