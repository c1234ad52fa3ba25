"""Reports: for people, for programs, for continuous integration, and a script that reproduces."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from sabcore.cli import main
from sabcore.validate.mistakes import MISTAKES
from sabcore.validate.program import FunctionProgram
from sabcore.validate.report import SENTENCES, lines
from sabcore.validate.verdict import validate
from tests.validate.programs import implementation

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/validate.md").read_text(encoding="utf-8")


def verdict(mistake=None, claim="paper", exempt=None, **fields):
    mistakes = [found for found in MISTAKES if found.name == mistake]
    return validate(FunctionProgram(implementation(fields, mistakes)), "port.py:sab", claim, exempt=exempt)


def test_a_mistake_is_shown_as_the_line_of_the_plain_engine():
    report = "\n".join(lines(verdict("threshold not differentiated")))
    assert "mistaken: yours makes a mistake that is known" in report
    assert re.search(r"sabcore/step/sparsify.py, line \d+  \(S.1\*\)", report)
    assert "sabcore  da[..., self.rank - 1, :] -= da.sum(axis=-2)" in report
    assert "yours    da[..., self.rank - 1, :] -= 0 * da.sum(axis=-2)" in report
    assert "array(" not in report


def test_every_line_says_which_side_is_whose():
    report = list(lines(verdict(k_trunc=3)))
    assert "computes   paper with k_trunc = 3 (asked for k_trunc = 4)" in report
    differ = [line for line in report if line.startswith("differ")]
    assert differ
    assert all("sabcore" in line and "yours" in line for line in differ)


def test_equivalent_configurations_stand_together():
    report = list(lines(verdict(k_top=2)))
    assert "  same as  paper with threshold_rank = k_top (asked for threshold_rank = k_top+1)" in report


def test_every_verdict_is_documented():
    section = PAGE.partition("## The verdict")[2].partition("## ")[0]
    assert re.findall(r"^\| `(\w+)` \| [012]", section, re.MULTILINE) == list(SENTENCES)


def test_exemptions_are_strict():
    assert verdict("additive: w_a not learned", exempt={"grad.w_a": "w_a is fixed"}).exit == 0
    found = verdict(exempt={"grad.w_a": "w_a is fixed"})
    assert (found.exit, found.stale) == (1, ["grad.w_a"])
    assert any("is right: remove the exemption" in line for line in lines(found))
    assert verdict("memories detached", exempt={"grad.w_a": "w_a is fixed"}).exit == 1


@pytest.fixture
def port(tmp_path):
    """A file with a right and a wrong target."""
    (tmp_path / "port.py").write_text(
        "from tests.validate.programs import implementation\n"
        "right = implementation()\n"
        "wrong = implementation({'k_trunc': None})\n"
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
