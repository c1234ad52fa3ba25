"""The GPU command without a GPU: it says so; its parts survive each other; its logic runs on a stand-in for CuPy."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner

from sabcore.benchmarks.gpu import __main__ as command
from sabcore.benchmarks.gpu import checks, report, timing
from sabcore.benchmarks.gpu.card import describe_card, file_name
from sabcore.benchmarks.gpu.parts import PartFailedError, run_parts
from sabcore.benchmarks.gpu.training import train_copy
from sabcore.benchmarks.limits import Limits
from sabcore.benchmarks.workload import lstm_config, sab_config

ROOT = Path(__file__).parents[2]
TINY = {"input_size": 2, "hidden_size": 4, "output_size": 3}


class FakeEvent:
    """A CUDA event on a machine that has none."""

    def record(self):
        pass

    def synchronize(self):
        pass


class FakeCuPy(SimpleNamespace):
    """NumPy with as much of `cupy.cuda` as the benchmarks touch."""

    def __getattr__(self, name):
        return getattr(np, name)


@pytest.fixture
def cupy(monkeypatch):
    facts = {"name": b"Fake H200", "totalGlobalMem": 2**37, "multiProcessorCount": 132, "major": 9, "minor": 0}
    runtime = SimpleNamespace(
        getDeviceProperties=lambda index: facts, driverGetVersion=lambda: 13000, runtimeGetVersion=lambda: 13000
    )
    cuda = SimpleNamespace(
        Event=FakeEvent,
        Device=lambda: SimpleNamespace(id=0, synchronize=lambda: None),
        get_elapsed_time=lambda start, stop: 2.0,
        runtime=runtime,
        memory=SimpleNamespace(OutOfMemoryError=ZeroDivisionError),
    )
    pool = SimpleNamespace(free_all_blocks=lambda: None)
    fake = FakeCuPy(cuda=cuda, get_default_memory_pool=lambda: pool)
    monkeypatch.setattr("sabcore.benchmarks.peers.engine.resolve", lambda device: fake)
    monkeypatch.setattr(command, "resolve", lambda device: fake)
    monkeypatch.setattr("sabcore.benchmarks.peers.engine.ENGINES", {"plain": "sabcore.engine.plain"})
    monkeypatch.setattr(timing, "peers", lambda device: [])
    return fake


def test_without_a_gpu_it_says_so_in_one_line(tmp_path):
    hidden = os.environ | {"CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(
        [sys.executable, "-m", "sabcore.benchmarks.gpu", "--out", str(tmp_path / "out")],
        cwd=ROOT, env=hidden, capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("no GPU to run on: device 'cuda' needs CuPy")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_part_that_fails_does_not_take_the_next_one_down():
    def wrong():
        raise PartFailedError("1 of 2 failed", ["both"])

    said: list[str] = []
    saved: list[list[str]] = []
    parts = {"crash": lambda: 1 // 0, "wrong": wrong, "fine": lambda: 42}
    outcomes = run_parts(parts, said.append, lambda outcomes: saved.append(list(outcomes)))
    assert [outcome.failure for outcome in outcomes.values()] == [
        "ZeroDivisionError: integer division or modulo by zero",
        "1 of 2 failed",
        None,
    ]
    assert [outcome.found for outcome in outcomes.values()] == [None, ["both"], 42]
    assert saved == [["crash"], ["crash", "wrong"], ["crash", "wrong", "fine"]]
    text = report.markdown(outcomes)
    assert "| crash | **FAILED**: ZeroDivisionError" in text
    assert "| fine | ok |" in text


def test_the_command_writes_what_it_has_and_fails_if_a_part_did(monkeypatch, tmp_path, cupy):
    def parts(cupy, say):
        return {"card": lambda: describe_card(cupy), "limits": lambda: 1 // 0, "training": lambda: None}

    monkeypatch.setattr(command, "all_parts", parts)
    result = CliRunner().invoke(command.main, ["--out", str(tmp_path)])
    assert result.exit_code == 1, result.output
    written = json.loads((tmp_path / "fake-h200.json").read_text())
    assert written["card"]["found"]["card"] == "Fake H200"
    assert written["limits"]["failure"].startswith("ZeroDivisionError")
    assert "Fake H200, 128 GiB" in (tmp_path / "fake-h200.md").read_text()
    result = CliRunner().invoke(command.main, ["--out", str(tmp_path), "--only", "training"])
    assert result.exit_code == 0
    assert list(json.loads((tmp_path / "fake-h200.json").read_text())) == ["card", "training"]


def test_every_part_exists(cupy):
    assert list(command.all_parts(cupy, lambda text: None)) == command.PARTS


def test_races_and_batches_run_and_are_drawn(monkeypatch, tmp_path, cupy):
    monkeypatch.setattr(timing, "SAB", {6: (), 9: ()})
    monkeypatch.setattr(timing, "SECONDS", 0.01)
    monkeypatch.setattr(timing, "B", 3)
    monkeypatch.setattr(timing, "BATCHES", (2, 4))
    monkeypatch.setattr(timing, "sab_config", lambda **fields: sab_config(**TINY, **fields))
    races = timing.run_races(cupy, "SAB", Limits(1e12, 1e12, 1e12), lambda text: None)
    assert [race["title"] for race in races] == ["SAB, T=6", "SAB, T=9", "SAB, k_att=10, T=9"]
    assert races[0]["entrants"]["sabcore-plain"]["median_s"] == 0.002
    rows = {"LSTM, T=7": timing.batches(cupy, lstm_config(**TINY), 7)}
    assert [row["B"] for row in rows["LSTM, T=7"]] == [2, 4]
    parts = {"card": lambda: describe_card(cupy), "SAB": lambda: races, "batches": lambda: rows}
    outcomes = run_parts(parts, print, lambda outcomes: None)
    command.write(tmp_path, outcomes)
    assert (tmp_path / "fake-h200.png").read_bytes().startswith(b"\x89PNG")
    assert "### SAB, T=6, B=3" in (tmp_path / "fake-h200.md").read_text()


def test_one_race_that_fails_does_not_hide_the_others(monkeypatch, cupy):
    def run_race(race, track, say):
        if race.T == 6:
            raise MemoryError("the card is full")
        return {"title": race.title, "agreements": []}

    monkeypatch.setattr(timing, "SAB", {6: (), 9: ()})
    monkeypatch.setattr(timing, "run_race", run_race)
    with pytest.raises(PartFailedError, match="SAB, T=6: MemoryError: the card is full") as caught:
        timing.run_races(cupy, "SAB", Limits(1.0, 1.0, 1.0), lambda text: None)
    assert [race["title"] for race in caught.value.found] == ["SAB, T=9", "SAB, k_att=10, T=9"]


def test_a_batch_that_does_not_fit_ends_the_series(monkeypatch, cupy):
    def interleave(runs, seconds, clock):
        if len(sizes) == 2:
            raise MemoryError
        sizes.append(runs)
        return SimpleNamespace(spread=lambda name: SimpleNamespace(median=1.0))

    sizes = []
    monkeypatch.setattr(timing, "interleave", interleave)
    monkeypatch.setattr(timing, "BATCHES", (1, 2, 3))
    assert [row["B"] for row in timing.batches(cupy, lstm_config(**TINY), 2)] == [1, 2]
    with pytest.raises(PartFailedError, match="not even a batch of 1 fits"):
        timing.batches(cupy, lstm_config(**TINY), 2)


def test_checks_pass_for_a_right_engine_and_fail_for_a_wrong_one(monkeypatch, cupy):
    monkeypatch.setattr(checks, "LARGE", ())
    monkeypatch.setattr(checks, "TRUNCATIONS", {"segment": {"k_trunc": 6}})
    assert all(row["passed"] for row in checks.agreements())
    assert len(checks.random_agreements(count=3)) == 3
    monkeypatch.setattr(checks, "check", lambda *arguments: [])
    with pytest.raises(PartFailedError, match="0 of 0 comparisons"):
        checks.agreements()


def test_repeats_need_an_engine_to_repeat(cupy):
    with pytest.raises(PartFailedError, match="no engine"):
        checks.repeats()


def test_the_tests_part_reports_pytest(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PartFailedError, match="there are no tests"):
        checks.tests()
    (tmp_path / "tests").mkdir()
    with pytest.raises(PartFailedError, match="exit code 5"):  # none collected is not a pass
        checks.tests()


def test_training_learns_and_says_when_it_does_not(monkeypatch):
    found = train_copy(np, T=1, steps=6)
    assert found["last_loss"] < found["first_loss"]
    monkeypatch.setattr("sabcore.benchmarks.gpu.training.train", lambda *arguments: _same_loss(arguments))
    with pytest.raises(PartFailedError, match="the loss was"):
        train_copy(np, T=1, steps=2)


def _same_loss(arguments):
    for _ in range(2):
        yield arguments[1], {"sab": {"loss": 1.0}}


def test_files_are_named_after_the_card():
    assert file_name("NVIDIA H200 (MIG 1g.18gb)") == "nvidia-h200-mig-1g-18gb"
