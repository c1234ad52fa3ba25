"""`sab exercise`: list, write, judge, and what cannot be done."""

import json

from click.testing import CliRunner

from sabcore.cli import main
from sabcore.exercise.catalogue import EXERCISES
from sabcore.exercise.sheet import sheet
from tests.exercise.test_sheet import blank_line, engine_line


def test_the_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = lambda *arguments: CliRunner().invoke(main, ["exercise", *arguments])  # noqa: E731
    assert len(run().output.splitlines()) == len(EXERCISES)
    assert run("1").output.startswith("exercise_1.py: g = tanh(z_g)")
    assert run("1").exit_code == 2
    assert run("1", "--check", "exercise_1.py").exit_code == 2
    text = sheet(1)
    (tmp_path / "mine.py").write_text(text.replace(blank_line(text), engine_line(1)))
    assert json.loads(run("1", "--check", "mine.py", "--json").output)["right"] is True
    (tmp_path / "mine.py").write_text(text.replace(blank_line(text), "    dz_g = dg"))
    assert run("1", "--check", "mine.py").exit_code == 1
    assert run("--check", "mine.py").exit_code == 2
    assert run("99").exit_code == 2
    assert run("1", "--check", "mine.py", "--out", "other.py").exit_code == 2
