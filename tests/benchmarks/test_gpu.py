"""The GPU command without a GPU: it says so; its parts survive each other; its logic runs on a stand-in for CuPy."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from sabcore.benchmarks.gpu import __main__ as command
from sabcore.benchmarks.gpu import card, checks, inside, report, sanitize, timing
from sabcore.benchmarks.gpu.card import describe_card, file_name
from sabcore.benchmarks.gpu.goals import goals
from sabcore.benchmarks.gpu.parts import Outcome, PartFailedError, run_parts
from sabcore.benchmarks.gpu.training import train_copy
from sabcore.benchmarks.limits import Limits
from sabcore.benchmarks.peers import engine as peers_engine
from sabcore.benchmarks.workload import lstm_config, make_workload, sab_config
from sabcore.engine import ENGINES
from sabcore.engine.cuda import launch
from sabcore.errors import DeviceError

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
    monkeypatch.setattr("sabcore.benchmarks.peers.engine.ENGINES", {"plain": ENGINES["plain"]})
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
    def parts(cupy, say, quick):
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
    assert set(command.QUICK) < set(command.PARTS)


def test_quick_runs_the_quick_parts_and_caches_go_where_they_are_told(monkeypatch, tmp_path, cupy):
    ran = []
    parts = {name: lambda name=name: ran.append(name) for name in command.PARTS if name != "card"}
    monkeypatch.setattr(command, "all_parts", lambda *args: {"card": lambda: describe_card(cupy), **parts})
    monkeypatch.setattr(os, "environ", dict(os.environ))
    out, caches = str(tmp_path / "out"), tmp_path / "caches"
    result = CliRunner().invoke(command.main, ["--out", out, "--quick", "--caches", str(caches)])
    assert result.exit_code == 0, result.output
    assert ran == command.QUICK[1:]
    assert os.environ["CUPY_CACHE_DIR"] == str(caches / "cupy")


def test_a_report_that_cannot_be_written_does_not_end_the_run():
    def write(outcomes: dict[str, Outcome]) -> None:
        raise OSError("no space left")

    said: list[str] = []
    outcomes = run_parts({"one": lambda: 1, "two": lambda: 2}, said.append, write)
    assert [outcome.found for outcome in outcomes.values()] == [1, 2]
    assert sum("could not be written: OSError: no space left" in line for line in said) == 2


def test_timed_runs_follow_each_other_for_a_while(cupy):
    """A pass of 2 ms, by the stand-in's events: 25 of them make a stretch."""
    ran = []
    assert timing.event_clock(cupy)(lambda: ran.append(1)) == pytest.approx(0.002 / 25)
    assert len(ran) == 1 + 25


def test_races_on_a_card_do_not_rest_and_long_ones_are_checked_on_two_rows():
    races = list(timing.races("SAB", "sabcore-cuda"))
    assert [(race.T, race.checked_rows) for race in races] == [(200, 16), (1000, 16), (5000, 2), (5000, 2)]
    assert [race.T for race in timing.races("SAB", "sabcore-cuda", quick=True)] == [200, 1000]


def test_an_engine_that_is_stood_in_for_is_not_timed(monkeypatch):
    monkeypatch.setattr(peers_engine, "forward", lambda *args, engine: (None, SimpleNamespace(engine="plain")))
    with pytest.raises(DeviceError, match="the plain engine stood in for the cuda engine"):
        peers_engine.one_pass(sab_config(**TINY), {}, None, None, "cuda")


def test_cudnn_is_on_where_it_is_raced(monkeypatch):
    torch = pytest.importorskip("torch")
    peer: Any = importlib.import_module(
        "sabcore.benchmarks.peers.torch_lstm"
    )  # the package has a function of that name
    used, differentiate = [], peer.differentiate

    def spy(*arguments):
        used.append((torch.backends.cudnn.enabled, torch.backends.cudnn.allow_tf32))
        return differentiate(*arguments)

    monkeypatch.setattr(peer, "differentiate", spy)
    for tf32 in (False, True):
        peer.torch_lstm("cpu", tf32=tf32).prepare(make_workload(lstm_config(**TINY), 3, 2))()
    assert used == [(True, False), (True, True)]


def test_launches_are_watched_and_left_as_they_were(monkeypatch, cupy):
    launched: list[tuple[object, ...]] = []
    monkeypatch.setattr(launch, "launch", lambda *args: launched.append(args))
    before = launch.launch
    with inside.watched_launches(cupy) as spans:
        launch.launch("forward", "a build", 1, 2, 3)  # type: ignore[arg-type]
    assert launch.launch is before
    assert launched == [("forward", "a build", 1, 2, 3)]
    assert [(name, args) for name, *_, args in spans] == [("forward", ("a build", 1, 2, 3))]


def test_what_is_inside_a_step_adds_up_and_is_reported(monkeypatch, cupy):
    """Events of the stand-in are 2 ms apart, over ten passes and around each kernel."""
    monkeypatch.setattr(launch, "launch", lambda *args: None)
    monkeypatch.setattr(
        launch, "kernel", lambda *args: SimpleNamespace(attributes={"num_regs": 255, "local_size_bytes": 0})
    )
    monkeypatch.setattr(inside, "LENGTHS", (6,))

    def run():
        launch.launch("forward", "a build", 1, 256, 1000)  # type: ignore[arg-type]
        launch.launch("backward", "a build", 1, 256, 2000)  # type: ignore[arg-type]

    entrant = SimpleNamespace(name="sabcore-cuda", prepare=lambda workload: run)
    monkeypatch.setattr(inside, "engines", lambda device: [entrant])
    (row,) = inside.insides(cupy)
    assert row["products"] == pytest.approx(row["step"] - row["forward"] - row["backward"])
    assert (row["forward"], row["kernels"]["backward"]) == (
        0.002,
        {"registers": 255, "spilled_bytes": 0, "shared_bytes": 2000},
    )
    text = report.markdown({"inside": Outcome([row], None, 1.0)})
    assert "backward, T=6: 255 registers, 0 bytes spilled, 2,000 bytes of shared memory." in text
    assert "cuDNN LSTM 1.96 / 5.07" in text


def test_goals_are_held_against_what_was_measured():
    race = {
        "title": "SAB, T=200",
        "entrants": {"sabcore-cuda": {"median_s": 0.0016}},
        "ratios": {"torch-cached": {"median": 99.0}},
    }
    lstm = {"title": "LSTM, T=200", "entrants": {}, "ratios": {"torch-lstm": {"median": 0.5}}}
    reached = list(goals({"SAB": [race], "LSTM": [lstm]}))
    assert [(goal.got, goal.met) for goal in reached] == [("1.60 ms", True), ("99", False), ("2.00", False)]


def test_the_sanitizer_part_needs_the_tool_and_fails_on_what_it_finds(monkeypatch, tmp_path):
    monkeypatch.setattr(sanitize.shutil, "which", lambda *args, **kwargs: None)
    with pytest.raises(PartFailedError, match="not installed"):
        sanitize.sanitize()
    tool = tmp_path / "compute-sanitizer"
    tool.write_text('#!/bin/sh\n[ "$2" = racecheck ] && { echo "1 hazard"; exit 9; }\necho "0 errors"\n')
    tool.chmod(0o755)
    monkeypatch.setattr(sanitize.shutil, "which", lambda *args, **kwargs: str(tool))
    with pytest.raises(PartFailedError, match="racecheck found something") as caught:
        sanitize.sanitize()
    assert caught.value.found["racecheck"] == "1 hazard"


def test_a_cards_state_is_what_nvidia_smi_says(monkeypatch):
    monkeypatch.setattr(card, "_first_line", lambda *command: "1980 MHz, 3201 MHz, 120.5 W, 41")
    assert card.card_state() == {
        "clocks.sm": "1980 MHz", "clocks.mem": "3201 MHz", "power.draw": "120.5 W", "temperature.gpu": "41",
    }  # fmt: skip
    monkeypatch.setattr(card, "_first_line", lambda *command: None)
    assert card.card_state() == {}


def test_races_and_batches_run_and_are_drawn(monkeypatch, tmp_path, cupy):
    monkeypatch.setattr(timing, "SAB", {6: (), 9: ()})
    monkeypatch.setattr(timing, "SECONDS", 0.01)
    monkeypatch.setattr(timing, "B", 3)
    monkeypatch.setattr(timing, "BATCHES", (2, 4))
    monkeypatch.setattr(timing, "sab_config", lambda **fields: sab_config(**TINY, **fields))
    races = timing.run_races(cupy, "SAB", Limits(1e12, 1e12, 1e12), lambda text: None)
    assert [race["title"] for race in races] == ["SAB, T=6", "SAB, T=9", "SAB, k_att=10, T=9"]
    assert races[0]["entrants"]["sabcore-plain"]["median_s"] == pytest.approx(0.002 / 25)
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
    monkeypatch.setattr(checks, "WORKERS", 0)
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
