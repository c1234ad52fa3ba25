"""Tables in files: those of the package can be trained, what a cell inherits and what it changes, the digest."""

import dataclasses

import pytest

from sabcore.errors import ConfigError, FormatError
from sabcore.reproduce import table as module
from sabcore.reproduce.table import Column, Row, Table, digest, known, merged, read_table
from sabcore.train.experiment import experiment_of
from sabcore.train.loop import start, train
from sabcore.train.task import task_from_dict, task_to_dict

SMALL = Table(
    name="small", title="Small", steps=6, seeds=2, sequences=4, success=0.5,
    task={"name": "copy", "T": 3},
    training={"batch_size": 2, "learning_rate": 0.01, "clip_norm": 1.0, "hold": 2, "decay": 2},
    columns={"a": Column("T = 3"), "b": Column("T = 5", test={"T": 5}),
             "c": Column("T = 4", {"task": {"T": 4}}, {"T": 4})},
    rows={"sab": Row("SAB", {"hidden_size": 4, "k_top": 2, "k_trunc": 3}, published={"b": 0.25}),
          "lstm": Row("LSTM", {"preset": "lstm", "hidden_size": 3},
                      {"steps": 8, "training": {"hold": False, "decay": False}})},
)  # fmt: skip


def test_the_issue_s_tables_are_there():
    assert set(known()) >= {"copy", "transfer", "adding", "digits", "pmnist", "cifar10", "text"}


@pytest.mark.parametrize("name", known())
def test_every_cell_of_the_package_s_tables_is_an_experiment_and_can_be_measured(name):
    table = read_table(name)
    for row in table.rows:
        assert set(table.rows[row].published) <= set(table.columns)
        for column in table.columns:
            tables = table.experiment(row, column, seed=3)
            if table.task["name"] == "images" and table.data:  # a stranger has no such folder
                tables["task"] = {**tables["task"], "source": "digits", "shrink": 1}
            experiment = experiment_of(tables)
            assert experiment.settings.seed == 3
            task = experiment.settings.task
            assert task_from_dict({**task_to_dict(task), **table.columns[column].test}).name == task.name


@pytest.mark.parametrize("name", ["copy", "adding", "digits"])
def test_every_system_of_a_table_trains(name):
    table = read_table(name)
    for row in table.rows:
        tables = merged(table.experiment(row, next(iter(table.columns)), 0), {"training": {"batch_size": 2}})
        if name != "digits":
            tables = merged(tables, {"task": {"T": 4}})
        experiment = experiment_of(tables)
        _, record = next(train(experiment.settings, start(experiment.settings, experiment.models), 1))
        assert record["model"]["skipped"] is None


def test_a_cell_inherits_from_the_table_and_changes_what_column_row_and_seed_say():
    tables = SMALL.experiment("lstm", "c", 1)
    assert tables == {
        "steps": 8, "task": {"name": "copy", "T": 4},
        "training": {"batch_size": 2, "learning_rate": 0.01, "clip_norm": 1.0, "seed": 1},
        "models": {"model": {"preset": "lstm", "hidden_size": 3}},
    }  # fmt: skip
    assert SMALL.experiment("sab", "a", 0) == SMALL.experiment("sab", "b", 0)
    assert dataclasses.replace(SMALL, limit=7).experiment("lstm", "a", 0)["steps"] == 7
    assert dataclasses.replace(SMALL, limit=7).experiment("sab", "a", 0)["steps"] == 6


def test_changes_reach_into_tables_and_false_takes_away():
    before = {"a": {"b": 1, "c": {"d": 2}}, "e": 3, "f": {"g": 1}}
    assert merged(before, {"a": {"c": {"d": 4}}, "e": False, "f": 5, "h": {"i": 6}}) == {
        "a": {"b": 1, "c": {"d": 4}}, "f": 5, "h": {"i": 6},
    }  # fmt: skip
    assert before == {"a": {"b": 1, "c": {"d": 2}}, "e": 3, "f": {"g": 1}}


def test_the_digest_is_of_every_value_and_of_no_order():
    tables = SMALL.experiment("sab", "a", 0)
    assert digest(dict(reversed(tables.items()))) == digest(tables)
    others = [SMALL.experiment(*cell) for cell in (("sab", "a", 1), ("sab", "c", 0), ("lstm", "a", 0))]
    assert len({digest(other) for other in [tables, *others]}) == 4


def test_what_is_no_table_is_refused_in_one_line(tmp_path, monkeypatch):
    with pytest.raises(ConfigError, match=r"table is '../copy', but should be one of adding, "):
        read_table("../copy")
    monkeypatch.setattr(module, "TABLES", tmp_path)
    for content in ("steps = ", "steps = 3", "title = 1\n[columns.a]\nbeading = 'x'\n[rows.b]\nwords = 'y'"):
        (tmp_path / "bad.toml").write_text(content)
        with pytest.raises(FormatError, match=r"bad.toml is not a table") as caught:
            read_table("bad")
        assert "\n" not in str(caught.value)
