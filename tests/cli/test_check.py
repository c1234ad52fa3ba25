"""`sab check`: green where the engine is right, red where it is wrong."""

import json

import pytest
from click.testing import CliRunner

from sabcore import PRESETS, __version__
from sabcore.cli import COMMANDS, main
from sabcore.step import lstm
from sabcore.validate import check


def run(*arguments):
    return CliRunner().invoke(main, list(arguments))


@pytest.mark.parametrize("engine", ["plain", "cpu"])
@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_is_green_within_the_promised_errors(preset, engine):
    result = run("check", "--json", "--preset", preset, "--engine", engine)
    report = json.loads(result.stdout)
    assert (result.exit_code, report["passed"]) == (0, True)
    assert report["worst"].keys() == {"autograd", "complex step", "central differences"}
    assert report["worst"]["autograd"] <= 1e-10
    assert report["worst"]["central differences"] <= 1e-6
    assert report["worst"]["complex step"] <= 1e-12
    assert {row["truncation"] for row in report["findings"]} == {"full", "segment", "sliding"}


@pytest.mark.parametrize("dtype", ["float32", "complex128"])
def test_other_dtypes_are_green(dtype):
    result = run("check", "--json", "--preset", "dev2018", "--dtype", dtype)
    assert result.exit_code == 0, result.stdout


def test_table_names_tensor_error_allowed_and_verdict():
    result = run("check", "--preset", "lstm")
    assert result.exit_code == 0
    assert "grad.W_hh" in result.stdout
    assert "90 comparisons, 0 failed" in result.stdout


def test_a_wrong_engine_is_red(monkeypatch):
    right = lstm.sigmoid
    monkeypatch.setattr(lstm, "sigmoid", lambda z: right(z) * (1 + 1e-9))
    result = run("check", "--preset", "lstm", "--engine", "plain")
    assert result.exit_code == 1
    assert "FAILED" in result.stdout


def test_a_missing_torch_is_said_not_passed_over(monkeypatch):
    monkeypatch.setattr(check.importlib.util, "find_spec", lambda name: None)
    report = json.loads(run("check", "--json", "--preset", "lstm").stdout)
    assert report["not_run"] == ["autograd: PyTorch is not installed"]
    assert "autograd" not in report["worst"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--preset", "papre"], "'papre' is not one of 'paper'"),
        (["--dtype", "float16"], "'float16' is not one of"),
        (["--seed", "-1"], "-1 is not in the range x>=0"),
    ],
)
def test_bad_options_are_one_line(arguments, says):
    result = run("check", *arguments)
    assert result.exit_code == 2
    assert says in result.stderr


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)])
def test_help_of_everything(command):
    result = run(*command, "--help")
    assert result.exit_code == 0
    assert "Usage:" in result.stdout


def test_version():
    assert run("--version").stdout == f"sab, version {__version__}\n"
