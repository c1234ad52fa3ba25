"""Tasks by their names: each comes back from its own description, and no other description gives one."""

import dataclasses
import json

import pytest

from sabcore.errors import ConfigError
from sabcore.train import task as tasks
from sabcore.train.task import TASKS, task_from_dict, task_to_dict


def test_a_task_is_known_by_its_name():
    assert set(TASKS) == {"copy", "denoise", "adding", "images", "text"}
    assert all(task.name == name for name, task in TASKS.items())
    exported = [value for name in tasks.__all__ if isinstance(value := getattr(tasks, name), type)]
    assert set(TASKS.values()) <= set(exported)


@pytest.mark.parametrize("name", TASKS)
def test_a_description_names_every_field_and_gives_the_task_back(name):
    task = TASKS[name]()
    described = json.loads(json.dumps(task_to_dict(task)))
    assert set(described) == {"name", *(field.name for field in dataclasses.fields(task))}
    assert task_from_dict(described) == task
    assert type(task_from_dict(described)) is TASKS[name]


def test_other_fields_than_the_default_ones_come_back_too():
    task = TASKS["copy"](T=7, recall_weight=2.5, encoding="number", marker="on")
    assert task_from_dict(task_to_dict(task)) == task


@pytest.mark.parametrize("name", TASKS)
def test_a_field_too_many_or_too_few_is_refused(name):
    fields = task_to_dict(TASKS[name]())
    for key in set(fields) - {"name"}:
        with pytest.raises(ConfigError, match=f"task {name} has fields .*, which are not its own"):
            task_from_dict({other: value for other, value in fields.items() if other != key})
    with pytest.raises(ConfigError, match="more"):
        task_from_dict({**fields, "more": 1})


@pytest.mark.parametrize("name", [None, 3, ["copy"], "paste", "CopyTask", ""])
def test_a_name_that_is_none_is_refused_and_the_right_ones_are_told(name):
    with pytest.raises(ConfigError, match=r"^task is .*, but should be one of 'copy', 'denoise', 'adding'"):
        task_from_dict({"name": name, "T": 3})
