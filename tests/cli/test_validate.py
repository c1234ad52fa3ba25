"""`sab validate` as a user meets it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from sabcore.cli import main
from tests.imports import ROOT


@pytest.fixture
def port(tmp_path):
    """A file with a right and a wrong target."""
    (tmp_path / "port.py").write_text(
        "from tests.validate.programs import implementation\n"
        "right = implementation()\n"
        "wrong = implementation({'k_trunc': None})\n"
        "double_b = implementation(after=lambda found: found | {'grad.b': 2 * found['grad.b']})\n"
        "def slow(config, params, x, dy):\n    import time\n    time.sleep(60)\n"
    )
    return tmp_path / "port.py"


def run(*arguments):
    return CliRunner().invoke(main, ["validate", *map(str, arguments)])


def test_the_command(port, tmp_path):
    result = run(
        f"{port}:wrong", "--claim", "paper", "--json", "--junit", tmp_path / "j.xml", "--minimal", tmp_path / "m.py"
    )
    assert result.exit_code == 1
    assert json.loads(result.stdout)["fits"]["fields"] == {"k_trunc": None}
    assert "asking for" in result.stderr
    suite = ElementTree.parse(tmp_path / "j.xml").getroot()
    failed = {case.get("name") for case in suite if case.find("failure") is not None}
    assert {"verdict", "grad.W_hh"} <= failed
    assert "y" not in failed
    assert suite.get("failures") == str(len(failed))
    script = (tmp_path / "m.py").read_text()
    assert len(script.splitlines()) == 10
    found = {**os.environ, "PYTHONPATH": str(ROOT)}  # the port imports the tests' own programs
    said = subprocess.run([sys.executable, tmp_path / "m.py"], env=found, capture_output=True, text=True, check=True)
    assert "grad.x yours differs by" in said.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--claim", "paper", "--set", "k_trunc=null"], 0, "right: "),
        (["--claim", "paper", "--set", "k_trunk=3"], 2, "unknown config field k_trunk"),
        (["--claim", "paper", "--set", "k_trunc"], 2, "should be FIELD=VALUE"),
        (["--claim", "paper", "--exempt", "grad.x"], 2, "should be TENSOR=REASON"),
        (["--claim", "papre"], 2, "'papre' is not one of 'paper'"),
    ],
)
def test_claims(arguments, code, says, port):
    result = run(f"{port}:wrong", *arguments)
    assert result.exit_code == code
    assert says in result.output + result.stderr


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("not_there.py:sab", "not_there.py is not there"),
        ("no.such.module:sab", "No module named 'no'"),
        ("nonsense", "should be module:callable or path.py:callable"),
    ],
)
def test_targets_that_are_not_there(target, says):
    result = run(target, "--claim", "paper")
    assert (result.exit_code, "Traceback" in result.output) == (2, False)
    assert says in result.stdout


def test_a_target_that_prints_escapes_does_not_reach_the_terminal(tmp_path):
    (tmp_path / "port.py").write_text("def sab(config, params, x, dy):\n    raise ValueError('\\x1b[31mred')\n")
    assert "\x1b" not in run(f"{tmp_path / 'port.py'}:sab", "--claim", "paper").stdout


def test_json_alone_is_on_the_output(port):
    """What it is doing goes to the error output, so that a program can read the verdict."""
    result = run(f"{port}:wrong", "--claim", "paper", "--set", "k_trunc=null", "--json")
    assert (result.exit_code, json.loads(result.stdout)["verdict"]) == (0, "right")
    assert result.stderr.splitlines()[0] == f"loading {port}:wrong"


def test_an_exemption_is_a_reason_and_changes_the_exit_code(port):
    wrong = run(f"{port}:double_b", "--claim", "lstm")
    assert (wrong.exit_code, "grad.b" in wrong.stdout) == (1, True)
    excused = run(f"{port}:double_b", "--claim", "lstm", "--exempt", "grad.b=both biases learn", "--json")
    assert (excused.exit_code, json.loads(excused.stdout)["exit"]) == (0, 0)


def test_a_time_limit_is_for_one_answer(port):
    result = run(f"{port}:slow", "--claim", "paper", "--time-limit", "0.3")
    assert result.exit_code == 2
    assert "it gives no answer within 0.3 s" in result.stdout
    assert run(f"{port}:slow", "--time-limit", "0").exit_code == 2


@pytest.mark.parametrize("target", ["slow", "not_there"])
def test_nothing_is_left_behind(target, port, tmp_path, monkeypatch):
    """Neither files of the questions, nor reports of a program that could not be judged half-written."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    result = run(f"{port}:{target}", "--claim", "paper", "--time-limit", "0.3", "--minimal", tmp_path / "m.py")
    assert result.exit_code == 2
    assert list((tmp_path / "temporary").iterdir()) == []
    assert not (tmp_path / "m.py").exists()
