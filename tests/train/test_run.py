"""Runs in folders: resumed, refused, locked, and killed by SIGKILL at any moment."""

import random
import signal
import time
from dataclasses import replace

import pytest

from sabcore import SABConfig
from sabcore.errors import FormatError
from sabcore.train import run
from sabcore.train.lock import LOCK
from sabcore.train.model import Recurrent
from sabcore.train.outliers import Outliers
from sabcore.train.run import CHECKPOINT, LOG, Run
from sabcore.train.settings import Settings
from sabcore.train.task import CopyTask
from tests.children import child

SETTINGS = Settings(CopyTask(2), batch_size=3, learning_rate=0.01, seed=5, dtype="float32", clip_norm=1.0)
SIZES = {"input_size": 10, "hidden_size": 4, "output_size": 10}
MODELS = {
    "sab": Recurrent(SABConfig.paper(**SIZES, attention_size=3, k_top=2, k_att=2, k_trunc=5), score_bound=0.3),
    "lstm": Recurrent(SABConfig.lstm(**SIZES, k_trunc=5)),
}


def finished(folder, steps=7):
    with Run.create(folder, SETTINGS, MODELS, {"who": "me"}) as begun:
        assert [record["step"] for record in begun.train(steps)] == list(range(1, steps + 1))
    return begun


def fingerprint(folder):
    """What must not depend on kills, nor on the run of the same program."""
    return (folder / CHECKPOINT).read_bytes(), (folder / LOG).read_bytes()


def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "SAVE_EVERY", 3)
    finished(tmp_path / "whole")
    for stop in range(1, 7):
        part = tmp_path / f"stopped{stop}"
        for record in Run.create(part, SETTINGS, MODELS, {"who": "me"}).train(7):
            if record["step"] == stop:
                break
        with Run.resume(part) as resumed:
            assert resumed.step == stop // 3 * 3
            list(resumed.train(7))
        assert fingerprint(part) == fingerprint(tmp_path / "whole")


def test_so_does_one_that_skips_outliers(tmp_path):
    """Norms before the resumption decide what is skipped after it."""
    settings = replace(SETTINGS, batch_size=1, seed=8, outliers=Outliers(times=1.1, window=3))
    with Run.create(tmp_path / "whole", settings, MODELS, {}) as whole:
        skipped = [record["sab"]["skipped"] for record in whole.train(14)]
    assert skipped == 11 * [None] + 2 * ["the norm"] + [None]
    with Run.create(tmp_path / "halves", settings, MODELS, {}) as one:
        list(one.train(10))
    with Run.resume(tmp_path / "halves") as resumed:
        list(resumed.train(14))
    assert fingerprint(tmp_path / "halves") == fingerprint(tmp_path / "whole")


def test_the_log_has_one_line_a_step_and_is_read_back(tmp_path):
    begun = finished(tmp_path)
    log = begun.read_log()
    assert [record["step"] for record in log] == list(range(1, 8))
    assert set(log[0]["sab"]) == {"loss", "accuracy", "norm", "skipped", "h", "inverse_S", "local", "score"}
    assert (tmp_path / LOG).stat().st_size == begun.log.known.size


def test_a_folder_that_holds_a_run_is_left_alone(tmp_path):
    finished(tmp_path)
    before = fingerprint(tmp_path)
    with pytest.raises(FormatError, match="holds a run already"):
        Run.create(tmp_path, SETTINGS, MODELS, {})
    assert fingerprint(tmp_path) == before


def test_unusable_folders_are_refused_before_training(tmp_path):
    (tmp_path / "file").write_text("x")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(FormatError, match="cannot be made a folder"):
            Run.create(folder, SETTINGS, MODELS, {})
    with pytest.raises(FormatError, match="no run that could be resumed"):
        Run.resume(tmp_path)


def test_a_log_that_is_not_the_checkpoints_is_refused(tmp_path):
    finished(tmp_path)
    log = (tmp_path / LOG).read_bytes()
    for changed, says in (
        (log[:10], "shorter than"),
        (log.replace(b'"step": 3', b'"stop": 3'), "somebody has changed"),
    ):
        (tmp_path / LOG).write_bytes(changed)
        with pytest.raises(FormatError, match=says):
            Run.resume(tmp_path)
    (tmp_path / LOG).unlink()
    with pytest.raises(FormatError, match="cannot be used as the run's log"):
        Run.resume(tmp_path)


def test_links_in_a_strangers_folder_are_not_followed(tmp_path):
    mine = tmp_path / "mine"
    for name in (LOG, CHECKPOINT, LOCK):
        folder = tmp_path / name
        finished(folder)
        (folder / name).rename(mine)
        (folder / name).symlink_to(mine)
        before = mine.read_bytes()
        mine.write_bytes(before + b"more")
        with pytest.raises(FormatError, match="symbolic link"):
            Run.resume(folder)
        assert mine.read_bytes() == before + b"more"


def test_a_run_killed_before_its_first_checkpoint_is_no_run(tmp_path, monkeypatch):
    def full(*_):
        raise FormatError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(run, "save_checkpoint", full)
        with pytest.raises(FormatError, match="No space left"):
            Run.create(tmp_path, SETTINGS, MODELS, {})
    assert (tmp_path / LOG).read_bytes() == b""
    with pytest.raises(FormatError, match="no run that could be resumed"):
        Run.resume(tmp_path)
    finished(tmp_path)
    finished(tmp_path / "fresh")
    assert fingerprint(tmp_path) == fingerprint(tmp_path / "fresh")


def test_only_one_at_a_time(tmp_path):
    with Run.create(tmp_path, SETTINGS, MODELS, {}) as begun:
        list(begun.train(2))
        before = fingerprint(tmp_path)
        for again in (lambda: Run.resume(tmp_path), lambda: Run.create(tmp_path, SETTINGS, MODELS, {})):
            with pytest.raises(FormatError, match="in use by another process"):
                again()
        assert fingerprint(tmp_path) == before
    (tmp_path / CHECKPOINT).write_bytes(b"")
    with pytest.raises(FormatError, match="not a readable") as kept:
        Run.resume(tmp_path)
    with pytest.raises(FormatError, match="not a readable"):  # an attempt that failed holds nothing, though remembered
        Run.resume(tmp_path)
    assert kept


def test_a_half_written_checkpoint_is_swept_away(tmp_path):
    finished(tmp_path)
    (tmp_path / f".{CHECKPOINT}.0123456789abcdef.tmp").write_text("half")
    list(Run.resume(tmp_path).train(8))
    assert {path.name for path in tmp_path.iterdir()} == {CHECKPOINT, LOG, LOCK}


def test_a_log_that_cannot_be_written_is_one_line(tmp_path):
    begun = Run.create(tmp_path, SETTINGS, MODELS, {})
    (tmp_path / LOG).unlink()
    (tmp_path / LOG).mkdir()
    with pytest.raises(FormatError, match=r"log\.jsonl is a folder"):
        list(begun.train(1))
    with pytest.raises(FormatError, match=r"log\.jsonl is a folder"):
        begun.save()


# SIGKILL

KILLS = 4
#: A run in another process, saving every second step; `slow` makes each checkpoint write a long one.
PROGRAM = """
import os, sys, time
from tests.train.test_run import MODELS, SETTINGS
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
one = run.Run.resume(folder) if begun else run.Run.create(folder, SETTINGS, MODELS, {"who": "me"})
print("ready", flush=True)
for record in one.train(steps):
    print(record["step"], flush=True)
"""


def launch(folder, steps, slow):
    return child(["-c", PROGRAM, folder, steps, slow])


@pytest.mark.parametrize(("slow", "seed"), [(0.0, 1), (0.02, 2)])
def test_runs_killed_at_random_moments_equal_an_uninterrupted_one(tmp_path, slow, seed):
    steps, rng, killed = 40, random.Random(seed), 0
    while True:
        with launch(tmp_path / "killed", steps, slow) as process:
            assert process.stdout.readline() == "ready\n", process.stderr.read()
            if killed < KILLS:
                time.sleep(rng.uniform(0, 0.1 + 10 * slow))
                process.send_signal(signal.SIGKILL)
            errors = process.communicate(timeout=60)[1]
        killed += process.returncode == -signal.SIGKILL
        if process.returncode == 0:
            break
        assert process.returncode == -signal.SIGKILL, errors
        Run.resume(tmp_path / "killed").close()
    assert killed == KILLS
    with launch(tmp_path / "whole", steps, 0.0) as whole:
        whole.communicate(timeout=60)
    assert whole.returncode == 0
    assert fingerprint(tmp_path / "killed") == fingerprint(tmp_path / "whole")
    assert {path.name for path in (tmp_path / "killed").iterdir()} == {CHECKPOINT, LOG, LOCK}


def test_of_two_processes_that_resume_one_folder_one_is_refused(tmp_path):
    finished(tmp_path / "run")
    finished(tmp_path / "whole", 30)
    with launch(tmp_path / "run", 30, 0.02) as one, launch(tmp_path / "run", 30, 0.02) as other:
        processes = [one, other]
        errors = [process.communicate(timeout=120)[1] for process in processes]
    assert sorted(process.returncode for process in processes) == [0, 1]
    assert "in use by another process" in "".join(errors)
    assert fingerprint(tmp_path / "run") == fingerprint(tmp_path / "whole")


def test_notes_and_a_log_with_lines_are_kept(tmp_path):
    finished(tmp_path)
    assert Run.resume(tmp_path).notes == {"who": "me"}
    log = (tmp_path / LOG).read_bytes()
    (tmp_path / CHECKPOINT).unlink()
    with pytest.raises(FormatError, match=r"holds a run already \(log\.jsonl\)"):
        Run.create(tmp_path, SETTINGS, MODELS, {})
    assert (tmp_path / LOG).read_bytes() == log


def test_a_run_whose_models_are_done_is_saved_before_its_last_step(tmp_path):
    settings = replace(SETTINGS, hold=1, decay=2)
    with Run.create(tmp_path, settings, {"lstm": MODELS["lstm"]}, {}) as begun:
        assert [record["step"] for record in begun.train(99)] == [1, 2, 3]
    with Run.resume(tmp_path) as again:
        assert (again.step, again.finished) == (3, True)
