"""Cells: which runs a table needs, training that goes on where it stopped, measuring, and results that are kept."""

import dataclasses
import json

import pytest

from sabcore.errors import ConfigError, FormatError
from sabcore.reproduce import cell as module
from sabcore.reproduce.cell import Cell, cells, measure, measured, train
from sabcore.reproduce.recorded import FIELDS
from sabcore.reproduce.table import read_table
from sabcore.train.loop import evaluate
from sabcore.train.run import Run
from sabcore.train.task import TextTask
from tests.reproduce.test_table import SMALL

SAB = Cell(SMALL, "sab", 0, ("a", "b"))


def finish(cell, root):
    list(train(cell, root, None))
    return measure(cell, root, None)


def test_columns_that_are_trained_alike_share_a_run():
    found = [(cell.row, cell.seed, cell.columns) for cell in cells(SMALL)]
    assert found == [
        (row, seed, columns) for seed in (0, 1) for row in ("sab", "lstm") for columns in (("a", "b"), ("c",))
    ]
    assert len({cell.folder for cell in cells(SMALL)}) == len(found)


def test_two_tables_share_a_run():
    copy, transfer = (cells(read_table(name)) for name in ("copy", "transfer"))
    assert {cell.folder for cell in transfer} <= {cell.folder for cell in copy}


def test_a_cell_is_measured_in_each_of_its_columns(tmp_path, monkeypatch):
    def evaluate(settings, learner, sequences, xp, task):
        return {"loss": 0.0, "accuracy": task.T / 100 + sequences}

    monkeypatch.setattr(module, "evaluate", evaluate)
    result = finish(SAB, tmp_path)
    assert set(result) == FIELDS
    assert result["found"] == {"a": 4.03, "b": 4.05}
    assert (result["row"], result["seed"], result["digest"], result["updates"]) == ("sab", 0, SAB.digest, 4)
    assert result["seconds"] > 0
    assert result["versions"]["numpy"]
    assert result["machine"]["processor"]


def test_what_is_measured_is_what_was_trained(tmp_path):
    result = finish(SAB, tmp_path)
    with Run.resume(tmp_path / SAB.folder) as run:
        (learner,) = run.snapshot.learners
        assert result["found"]["a"] == evaluate(run.settings, learner, SMALL.sequences)["accuracy"]


def test_a_stopped_cell_goes_on_to_the_same_result(tmp_path):
    want = finish(SAB, tmp_path / "whole")
    records = train(SAB, tmp_path / "stopped", None)
    assert next(records)["step"] == 1
    records.close()
    assert [record["step"] for record in train(SAB, tmp_path / "stopped", None)] == [2, 3, 4]
    got = measure(SAB, tmp_path / "stopped", None)
    assert got["found"] == want["found"]
    assert got["seconds"] > 0


def test_a_result_is_kept_until_something_else_is_asked_for(tmp_path):
    assert measured(SAB, tmp_path) is None
    result = finish(SAB, tmp_path)
    assert measured(SAB, tmp_path) == result
    assert measured(Cell(dataclasses.replace(SMALL, sequences=5), "sab", 0, ("a", "b")), tmp_path) is None
    assert measured(dataclasses.replace(SAB, columns=("a",)), tmp_path) is None
    SAB.result(tmp_path).write_text(json.dumps({"results": [{"row": "sab"}]}))
    with pytest.raises(FormatError, match=r"small\.json holds a result with row, but should have"):
        measured(SAB, tmp_path)


def test_the_user_s_data_are_no_part_of_the_digest(tmp_path):
    (cell, *_) = cells(read_table("text"))
    path = tmp_path / "some.txt"
    path.write_text("ab" * 5000)
    assert cell.experiment(str(path)).settings.task == TextTask(path=str(path))
    assert cell.experiment(None).settings.task == TextTask()
    assert "path" not in cell.tables["task"]
    (cell, *_) = cells(read_table("pmnist"))
    with pytest.raises(ConfigError, match="folder"):
        cell.experiment(None)
