"""`sab demo copy` as a user meets it: files, options, resuming, Ctrl-C, and every kind of bad input in one line."""

import json
import os
import shutil
import signal
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

from sabcore import load_params
from sabcore.array.files import read_tensors, write_tensors
from sabcore.cli import main
from sabcore.demos import copy as experiment
from sabcore.train import run

SMALL = ["-T", "3", "--hidden", "6", "--k-top", "2", "--k-trunc", "4", "--batch", "4", "--seed", "3"]


FILES = {
    ".lock",
    "checkpoint.safetensors",
    "log.jsonl",
    "copy.png",
    "sab.safetensors",
    "tbptt.safetensors",
    "bptt.safetensors",
}


def demo(*arguments):
    return CliRunner().invoke(main, ["demo", "copy", *map(str, arguments)])


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def state(folder):
    """All that a resumed run must have to the bit."""
    return [(folder / name).read_bytes() for name in ("checkpoint.safetensors", "log.jsonl")]


def assert_refused(result, says):
    assert result.exit_code == 2, result.output
    *before, line = result.stderr.strip().splitlines()
    assert line.startswith("Error: ")
    assert says in line
    assert not before or before[0].startswith("Usage: ")  # click's own two lines about options of the wrong type


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    folder = tmp_path_factory.mktemp("original") / "run"
    result = demo(*SMALL, "--steps", 4, "--out", folder)
    assert result.exit_code == 0, result.output
    return folder


@pytest.fixture
def done(original, tmp_path):
    """A finished run of four steps, for one test to spoil."""
    return shutil.copytree(original, tmp_path / "run")


def test_a_run_leaves_picture_log_checkpoint_and_models(done):
    assert set(contents(done)) == FILES
    assert (done / "copy.png").read_bytes().startswith(b"\x89PNG")
    log = [json.loads(line) for line in (done / "log.jsonl").read_text().splitlines()]
    assert [set(record) for record in log] == [{"step", "sab", "tbptt", "bptt"}] * 4
    tensors, _ = read_tensors(done / "checkpoint.safetensors")
    config, params = load_params(done / "sab.safetensors")
    assert (config.k_top, config.k_trunc, config.hidden_size) == (2, 4, 6)
    assert all(params[name].tobytes() == tensors[f"sab.param.{name}"].tobytes() for name in params)
    assert load_params(done / "tbptt.safetensors")[0].k_trunc == 4
    assert load_params(done / "bptt.safetensors")[0].k_trunc is None


@pytest.mark.parametrize("preset", ["dev2018", "released", "self_attention"])
def test_every_preset_trains_and_is_drawn(tmp_path, preset):
    arguments = ["-T", 2, "--hidden", 5, "--k-att", 3, "--batch", 3, "--steps", 2, "--dtype", "float64"]
    result = demo(*arguments, "--preset", preset, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    config, params = load_params(tmp_path / "sab.safetensors")
    assert config.k_top == (None if preset == "self_attention" else experiment.Options.k_top)
    assert config.k_att == 3
    assert params["W_hh"].dtype == "float64"


def test_more_steps_on_resuming_equal_as_many_at_once(done, tmp_path):
    assert demo("--resume", "--steps", 7, "--hidden", 6, "--out", done).exit_code == 0
    assert demo(*SMALL, "--steps", 7, "--out", tmp_path / "at once").exit_code == 0
    assert state(done) == state(tmp_path / "at once")


def test_ctrl_c_leaves_a_checkpoint_and_says_how_to_go_on(tmp_path, monkeypatch):
    def interrupt_after_five(self, snapshot, record, advance=run.Run._advance):
        advance(self, snapshot, record)
        if record["step"] == 5:
            os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    with monkeypatch.context() as patch:
        patch.setattr(run.Run, "_advance", interrupt_after_five)
        result = demo(*SMALL, "--steps", 9, "--out", tmp_path / "run")
    assert result.exit_code == 130
    assert f"go on with: sab demo copy --resume --out {tmp_path / 'run'}\n" in result.stderr
    assert signal.getsignal(signal.SIGINT) is before
    with run.Run.resume(tmp_path / "run") as stopped:
        assert stopped.step == 5
    assert demo("--resume", "--out", tmp_path / "run").exit_code == 0
    assert demo(*SMALL, "--steps", 9, "--out", tmp_path / "whole").exit_code == 0
    assert state(tmp_path / "run") == state(tmp_path / "whole")


def test_a_finished_run_is_never_overwritten(done):
    before = contents(done)
    assert_refused(demo(*SMALL, "--out", done), "--out")
    (done / "checkpoint.safetensors").rename(done / "elsewhere")
    (done / "log.jsonl").unlink()
    assert_refused(demo(*SMALL, "--out", done), "holds copy.png")
    assert contents(done)["copy.png"] == before["copy.png"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--hidden", 7], "hidden is 7, but the run in"),
        (["--preset", "released"], "preset is 'released'"),
        (["--lr", 0.5], "lr is 0.5"),
        (["-T", 4], "T is 4"),
        (["--steps", 3], "at step 4 already"),
    ],
)
def test_resuming_with_contradicting_options_is_refused_and_changes_nothing(done, arguments, says):
    before = contents(done)
    assert_refused(demo("--resume", *arguments, "--out", done), says)
    assert contents(done) == before


def test_sab_alone_learns_what_it_learns_beside_the_others(done, tmp_path):
    assert demo(*SMALL, "--steps", 4, "--sab-alone", "--out", tmp_path / "alone").exit_code == 0
    assert not (tmp_path / "alone" / "bptt.safetensors").exists()
    assert (tmp_path / "alone" / "sab.safetensors").read_bytes() == (done / "sab.safetensors").read_bytes()
    assert demo("--resume", "--out", tmp_path / "alone").exit_code == 0
    assert_refused(demo("--resume", "--sab-alone", "--out", done), "sab_alone is True, but the run in")


def test_what_a_run_is_made_with_stands_in_its_checkpoint_once(done):
    metadata = json.loads(read_tensors(done / "checkpoint.safetensors")[1]["run"])
    assert metadata["notes"] == {"steps": 4}


@pytest.mark.parametrize("notes", [{}, {"steps": None}, {"steps": -1}, {"steps": "4"}])
def test_a_run_whose_length_is_not_told_is_refused(done, notes):
    tensors, metadata = read_tensors(done / "checkpoint.safetensors")
    metadata["run"] = json.dumps({**json.loads(metadata["run"]), "notes": notes})
    write_tensors(done / "checkpoint.safetensors", tensors, metadata)
    assert_refused(demo("--resume", "--out", done), "none of this demo")


def test_a_run_of_something_else_is_refused(tmp_path):
    settings = replace(experiment.Options(T=3, hidden=4).settings(), clip_norm=2.0)
    models = experiment.Options(T=3, hidden=4).models()
    run.Run.create(tmp_path / "clip", settings, models, {"steps": 9}).close()
    settings = experiment.Options(T=3, hidden=4).settings()
    run.Run.create(tmp_path / "two", settings, {"sab": models["sab"], "bptt": models["bptt"]}, {"steps": 9}).close()
    run.Run.create(tmp_path / "other", settings, {"lstm": models["bptt"]}, {"steps": 9}).close()
    for folder in ("clip", "two", "other"):
        assert_refused(demo("--resume", "--out", tmp_path / folder), "none of this demo")


@pytest.mark.parametrize("preset", ["paper", "dev2018", "released", "self_attention"])
def test_the_options_are_read_from_the_run_itself(tmp_path, preset):
    options = experiment.Options.of(
        {"T": 2, "hidden": 3, "preset": preset, "k_trunc": 9, "seed": 7, "dtype": "float64"}
    )
    with run.Run.create(tmp_path, options.settings(), options.models(), {"steps": options.steps}) as begun:
        assert experiment.Options.of_run(begun) == options


def test_a_log_changed_without_changing_its_length_is_refused(done):
    """A stranger's log may hold anything; without the check, drawing it ended in a traceback."""
    log = (done / "log.jsonl").read_bytes()
    (done / "log.jsonl").write_bytes(log.replace(b'"accuracy"', b'"Accuracy"'))
    assert_refused(demo("--resume", "--out", done), "somebody has changed it")


def test_a_truncated_checkpoint_is_refused(done):
    os.truncate(done / "checkpoint.safetensors", 1000)
    assert_refused(demo("--resume", "--out", done), "not a readable safetensors file")


@pytest.mark.long
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_sab_learns_what_truncated_bptt_with_the_same_window_cannot(tmp_path, seed):
    """The demo's claim at its defaults: T = 100 with a window of 5, and ten times as far without training."""
    begun, options = experiment.begin(tmp_path, {"seed": seed}, np)
    assert (options.T, options.k_trunc) == (100, 5)
    with begun:
        list(begun.train(options.steps))
        results = experiment.finish(begun, options)
    assert results["sab"]["accuracy"] >= experiment.SOLVED
    assert results["sab"]["transfer"][1000] >= experiment.SOLVED
    assert results["tbptt"]["updates"] == options.steps > results["sab"]["updates"]
    assert results["tbptt"]["T"] == 5
    assert results["tbptt"]["accuracy"] < 0.2  # chance is 0.125
