"""The median and the spread over seeds, with runs that failed, are missing, or are not finite."""

import json

import pytest

from sabcore.train.sweep.plan import plan, read_grids
from sabcore.train.sweep.summary import Row, describe, rows
from tests.train.test_experiment import SMALL

GRIDS = read_grids(["task.T=5,7"])


@pytest.fixture
def points(tmp_path):
    (tmp_path / "small.toml").write_text(SMALL)
    return plan(tmp_path / "small.toml", GRIDS, 4)


def results(points, *errors):
    """Results in which SAB has those errors, and the LSTM ten times them; None where there is none."""
    models = [{"sab": {"error": e}, "lstm": {"error": e and 10 * e}} for e in errors]
    return {point.folder: {"step": 9, "models": found} for point, found in zip(points, models, strict=False)}


def test_a_row_is_a_combination_and_a_model(points):
    assert rows(points, results(points, 4, 1, 2, 8, 3)) == [
        Row(("5",), "sab", 4, 3, 1, 8), Row(("5",), "lstm", 4, 30, 10, 80),
        Row(("7",), "sab", 1, 3, 3, 3), Row(("7",), "lstm", 1, 30, 30, 30),
    ]  # fmt: skip


def test_what_is_not_finite_is_the_worst_not_the_best(points):
    assert rows(points, results(points, 4, None, 2))[0] == Row(("5",), "sab", 3, 4, 2, None)
    assert rows(points, results(points, None, None, 2))[0] == Row(("5",), "sab", 3, None, 2, None)


def test_of_an_accuracy_the_worst_is_the_least(tmp_path):
    text = SMALL.replace('"adding"', '"copy"')
    (tmp_path / "copy.toml").write_text(text)
    points = plan(tmp_path / "copy.toml", GRIDS, 3)
    found = {point.folder: {"models": {name: {"accuracy": value} for name in ("sab", "lstm")}}
             for point, value in zip(points, (0.5, None, 0.25), strict=False)}  # fmt: skip
    assert rows(points, found)[0] == Row(("5",), "sab", 3, 0.25, None, 0.5)


def test_the_description_names_every_run_and_is_json(points):
    found = describe(GRIDS, points, results(points, 4, 1), {points[2].folder: "it broke"})
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["grids"] == {"task.T": ["5", "7"]}
    assert (found["metric"], found["chance"], found["higher_is_better"]) == ("error", 1 / 6, False)
    assert [run["seed"] for run in found["runs"]] == [0, 1, 2, 3] * 2
    assert [run["values"]["task.T"] for run in found["runs"]] == ["5"] * 4 + ["7"] * 4
    assert [run["error"] for run in found["runs"]] == [None, None, "it broke", *[None] * 5]
    assert found["runs"][1]["models"]["lstm"]["error"] == 10
    assert found["runs"][4]["models"] is None
    assert [(row["values"], row["model"], row["median"]) for row in found["rows"]] == [
        ({"task.T": "5"}, "sab", 2.5), ({"task.T": "5"}, "lstm", 25)
    ]  # fmt: skip


def test_chances_that_differ_are_no_chance(tmp_path):
    (tmp_path / "small.toml").write_text(SMALL)
    grids = read_grids(["task.answer=sum,half"])
    assert describe(grids, plan(tmp_path / "small.toml", grids, 1), {}, {})["chance"] is None
