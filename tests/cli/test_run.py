"""`sab run` as a user meets it: a folder with all that is needed, resuming, Ctrl-C, bad input in one line."""

import json
import os
import signal

import pytest
from click.testing import CliRunner

from sabcore.cli import main
from sabcore.train import run
from sabcore.train.experiment import read_experiment
from tests.train.test_experiment import SMALL


def sab_run(*arguments):
    return CliRunner().invoke(main, ["run", *map(str, arguments)])


@pytest.fixture
def path(tmp_path):
    (tmp_path / "small.toml").write_text(SMALL)
    return tmp_path / "small.toml"


def state(folder):
    return [(folder / name).read_bytes() for name in ("checkpoint.safetensors", "log.jsonl")]


def test_a_run_leaves_config_log_and_checkpoint(path, tmp_path):
    result = sab_run(path, "--out", tmp_path / "run", "--evaluate", 20)
    assert result.exit_code == 0, result.output
    assert {file.name for file in (tmp_path / "run").iterdir()} == {
        ".lock", "attention-sab.png", "checkpoint.safetensors", "config.json", "curves.png", "log.jsonl"
    }  # fmt: skip
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert config["digest"] == read_experiment(path).digest
    assert config["settings"]["task"] == {"name": "adding", "T": 5, "answer": "sum"}
    assert {"sabcore", "python", "numpy", "numba"} <= set(config["versions"])
    assert config["machine"]["processor"]
    assert "commit" in config
    assert len((tmp_path / "run" / "log.jsonl").read_text().splitlines()) == 9
    assert "adding, 20 sequences never" in result.stdout  # the rest stands on the next line of a narrow table
    assert "error" in result.stderr


def test_json_names_chance_and_floor(path, tmp_path):
    answer = json.loads(sab_run(path, "--out", tmp_path / "run", "--json", "--steps", 2).stdout)
    assert answer["step"] == 2
    assert answer["chance"] == answer["floor"] == 1 / 6
    assert all(model["error"] == pytest.approx(model["loss"], rel=1e-6) for model in answer["models"].values())


def test_more_steps_on_resuming_equal_as_many_at_once(path, tmp_path):
    assert sab_run(path, "--out", tmp_path / "part", "--steps", 3).exit_code == 0
    assert sab_run("--resume", "--out", tmp_path / "part", "--steps", 9).exit_code == 0
    assert sab_run(path, "--out", tmp_path / "whole").exit_code == 0
    assert state(tmp_path / "part") == state(tmp_path / "whole")


def test_ctrl_c_leaves_a_checkpoint_and_says_how_to_go_on(path, tmp_path, monkeypatch):
    def interrupt_after_five(self, snapshot, record, advance=run.Run._advance):
        advance(self, snapshot, record)
        if record["step"] == 5:
            os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(run.Run, "_advance", interrupt_after_five)
        result = sab_run(path, "--out", tmp_path / "run")
        hostile = sab_run(path, "--out", tmp_path / "a\x1b[31mred\nfinished")
    assert result.exit_code == hostile.exit_code == 130
    assert f"go on with: sab run --resume --out {tmp_path / 'run'}\n" in result.stderr
    assert "a\\x1b[31mred\\nfinished" in hostile.stderr
    assert "\x1b" not in hostile.output
    assert sab_run("--resume", "--out", tmp_path / "run").exit_code == 0
    assert sab_run(path, "--out", tmp_path / "whole").exit_code == 0
    assert state(tmp_path / "run") == state(tmp_path / "whole")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "there is no FILE"),
        (["FILE", "--resume"], "leave out FILE and --set"),
        (["--resume", "--set", "steps=3"], "leave out FILE and --set"),
        (["--resume"], "no run that could be resumed"),
        (["FILE", "--set", "task.T=1"], "T is 1"),
        (["FILE", "--steps", 0], "0 is not in the range"),
        (["nothing.toml"], "does not exist"),
        (["FILE", "--seeds", 2, "--resume"], "leave out --resume"),
        (["--seeds", 2], "there is no FILE"),
    ],
)
def test_bad_input_is_one_line_and_leaves_no_folder(path, tmp_path, arguments, says):
    given = [path if argument == "FILE" else argument for argument in arguments]
    result = sab_run(*given, "--out", tmp_path / "new")
    assert result.exit_code == 2
    assert says in result.stderr.strip().splitlines()[-1]
    assert not (tmp_path / "new").exists()


def test_a_run_is_never_overwritten_nor_shortened(path, tmp_path):
    assert sab_run(path, "--out", tmp_path / "run").exit_code == 0
    before = state(tmp_path / "run")
    for arguments, says in (([path], "holds a run already"), (["--resume", "--steps", 3], "at step 9 already")):
        result = sab_run(*arguments, "--out", tmp_path / "run")
        assert result.exit_code == 2
        assert says in result.stderr
    assert state(tmp_path / "run") == before


def test_seeds_are_told_together_and_the_same_command_goes_on(path, tmp_path):
    arguments = (path, "--seeds", 3, "--set", "training.seed=4", "--success", 0.5, "--out", tmp_path / "runs")
    first = sab_run(*arguments, "--json", "--steps", 3)
    assert first.exit_code == 0, first.output
    answer = json.loads(first.stdout)
    assert {name: one["seeds"] for name, one in answer["models"].items()} == {"sab": 3, "lstm": 3}
    errors = [answer["seeds"][seed]["sab"]["error"] for seed in ("4", "5", "6")]
    assert len(set(errors)) == 3
    sab = answer["models"]["sab"]
    assert (sab["median"], sab["least"], sab["most"]) == (sorted(errors)[1], min(errors), max(errors))
    assert sab["succeed"] == sum(error <= 0.5 for error in errors)
    assert {file.name for file in (tmp_path / "runs").iterdir()} == {"curves.png", "seed-4", "seed-5", "seed-6"}
    table = sab_run(*arguments)
    assert table.exit_code == 0, table.output
    assert "of 3" in table.stdout
    assert len((tmp_path / "runs" / "seed-6" / "log.jsonl").read_text().splitlines()) == 9
    alone = sab_run(path, "--set", "training.seed=6", "--out", tmp_path / "alone")
    assert alone.exit_code == 0
    assert state(tmp_path / "alone") == state(tmp_path / "runs" / "seed-6")
    other = sab_run(*arguments, "--set", "task.T=6")
    assert other.exit_code == 2
    assert "holds a run of another experiment" in other.stderr
