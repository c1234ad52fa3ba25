"""`sab prove`."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

pytest.importorskip("sympy")

from sabcore.cli import main
from sabcore.cli import prove as command
from sabcore.proofs import prove as proofs
from sabcore.proofs import theorems
from sabcore.proofs.theorems import Claim

RIGHT = proofs.Proved("L.1", "step/lstm", "z = x", ["dz"], 1, 1e-50, 0.1, "step/lstm.py:1")
WRONG = proofs.Proved("L.2", "step/lstm", "z = x", ["di"], 1, 1e-50, 0.1, "step/lstm.py:1", why="di is not it")


@pytest.fixture
def found(monkeypatch):
    """What `prove` finds, to be changed by a test."""
    result: tuple[list, list] = ([RIGHT], [])
    monkeypatch.setattr(proofs, "prove", lambda short, watch: result)
    monkeypatch.setattr(theorems, "check_all", lambda: [Claim("1.1", "a sentence", "a number", True)])
    return result


def test_all_proved(found):
    result = CliRunner().invoke(main, ["prove"])
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].startswith("L.1")
    assert lines[1] == "1.1   a sentence: a number"
    assert lines[-1] == "proved: 1 of 1 equations, 1 of 1 claims of theorems"


@pytest.mark.parametrize("part", [0, 1])
def test_exit_code_1_if_anything_fails(found, part):
    found[part].append(WRONG if part == 0 else "a page disagrees")
    result = CliRunner().invoke(main, ["prove"])
    assert result.exit_code == 1
    assert "FAILED" in result.stdout
    assert result.stdout.splitlines()[-1].startswith("NOT all proved")


def test_json(found):
    found[0].append(WRONG)
    result = CliRunner().invoke(main, ["prove", "--json"])
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert told["passed"] is False
    assert [row["passed"] for row in told["equations"]] == [True, False]
    assert told["theorems"][0]["number"] == "1.1"


def test_without_sympy_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setattr(command, "find_spec", lambda module: None)
    result = CliRunner().invoke(main, ["prove"])
    assert result.exit_code == 2
    assert "pip install 'sabcore[prove]'" in result.output
