"""`sab reproduce` as a user meets it: cells that are trained once, what was recorded, bad input in one line."""

import json
import os
import signal
from dataclasses import replace

import pytest
from click.testing import CliRunner

import sabcore.cli.reproduce as command
from sabcore.cli import main
from sabcore.reproduce import recorded
from sabcore.reproduce.table import known
from tests.reproduce.test_table import SMALL


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(command, "read_table", lambda name: replace(SMALL, name=name))


def invoke(*arguments):
    return CliRunner().invoke(main, ["reproduce", *map(str, arguments)])


def test_a_table_is_filled_and_filled_once(tmp_path, monkeypatch):
    first = invoke("copy", "--out", tmp_path, "--seeds", 1, "--json")
    assert first.exit_code == 0, first.output
    answer = json.loads(first.stdout)
    assert [(r["row"], list(r["found"])) for r in answer["results"]] == [
        ("sab", ["a", "b"]), ("sab", ["c"]), ("lstm", ["a", "b"]), ("lstm", ["c"])
    ]  # fmt: skip
    assert answer["published"] == {"sab": {"b": 0.25}}
    assert answer["summary"]["lstm"]["c"]["seeds"] == 1
    monkeypatch.setattr(command, "train", None)  # nothing may be trained again
    again = invoke("copy", "--out", tmp_path, "--seeds", 1, "--json")
    assert json.loads(again.stdout) == answer
    text = invoke("copy", "--out", tmp_path, "--seeds", 1)
    assert text.exit_code == 0
    assert "published: 25.0%" in text.stdout.replace("\n", " ")


def test_steps_rows_and_seeds_are_what_was_asked_for(tmp_path):
    answer = json.loads(
        invoke("copy", "--out", tmp_path, "--rows", "lstm", "--seeds", 2, "--steps", 3, "--json").stdout
    )
    assert {(r["row"], r["seed"], r["updates"]) for r in answer["results"]} == {("lstm", 0, 3), ("lstm", 1, 3)}


def test_ctrl_c_saves_and_the_same_command_goes_on(tmp_path, monkeypatch):
    steps, train = [], command.train

    def pressed(*arguments):
        for record in train(*arguments):
            steps.append(record["step"])
            if len(steps) == 2:
                os.kill(os.getpid(), signal.SIGINT)
            yield record

    monkeypatch.setattr(command, "train", pressed)
    arguments = ("copy", "--out", tmp_path, "--rows", "lstm", "--seeds", 1)
    stopped = invoke(*arguments)
    assert stopped.exit_code == 130
    assert "the same command goes on" in stopped.stderr
    assert invoke(*arguments).exit_code == 0
    assert steps[:10] == [1, 2, 3, 4, 5, 6, 7, 8, 1, 2]


def test_what_was_recorded_is_shown_and_nothing_is_run(monkeypatch, tmp_path):
    result = {**dict.fromkeys(recorded.FIELDS), "row": "sab", "seed": 0, "found": {"a": 0.875}, "updates": 7,
              "seconds": 3.0}  # fmt: skip
    (tmp_path / "copy.json").write_text(json.dumps({"results": [result]}))
    monkeypatch.setattr(recorded, "RESULTS", tmp_path)
    monkeypatch.setattr(command, "train", None)
    shown = invoke("copy", "--show")
    assert shown.exit_code == 0, shown.output
    assert "87.5%" in shown.stdout
    assert json.loads(invoke("copy", "--show", "--json").stdout)["results"] == [result]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("papers",), "'papers' is not one of"),
        (("copy", "--rows", "sab,tab"), "--rows has tab, but should have some of sab, lstm"),
        (("copy", "--show", "--steps", 3), "leave out --seeds, --steps and --data"),
        (("copy", "--data", "."), "this table makes its own data"),
        (("copy", "--seeds", 0), "0 is not in the range"),
    ],
)
def test_bad_input_is_told_in_one_line(arguments, says):
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert says in result.stderr
    assert "Traceback" not in result.output


def test_the_help_names_every_table():
    said = " ".join(invoke("--help").stdout.split())
    assert f"TABLE is one of {', '.join(known())}." in said


def test_a_table_that_needs_data_says_so(monkeypatch):
    monkeypatch.setattr(command, "read_table", lambda name: replace(SMALL, data="folder", task={"source": "mnist"}))
    result = invoke("pmnist")
    assert result.exit_code == 2
    assert "this table needs data: name the folder with mnist's files with --data" in result.stderr
