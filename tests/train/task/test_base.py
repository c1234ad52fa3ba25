"""The protocol is what every task has, and a batch moves to a device whole."""

import numpy as np
import pytest

from sabcore.train.task import TASKS
from sabcore.train.task.base import Batch, Task
from tests.strict_array import StrictArray

BATCH = Batch(np.ones((2, 3, 4)), np.zeros((2, 3), int), np.full((2, 3), 0.5), np.ones((2, 3), bool))


class Device:
    """A module that makes arrays, as CuPy is one."""

    asarray = StrictArray


def test_on_the_host_nothing_is_copied():
    assert BATCH.to(np) is BATCH


def test_every_array_moves_to_the_device_as_it_is():
    moved = BATCH.to(Device)
    assert isinstance(moved, Batch)
    for here, there in zip(BATCH, moved, strict=True):
        assert type(there) is StrictArray
        np.testing.assert_array_equal(there._value, here)
        assert there._value.dtype == here.dtype


ASKED = {name for name in vars(Task) if not name.startswith("_")}


@pytest.mark.parametrize("name", TASKS)
def test_every_task_has_all_that_is_asked_of_one(name):
    assert ASKED >= {"name", "input_size", "output_size", "metric", "higher_is_better", "chance", "floor", "batch",
                     "loss", "measure", "draw"}  # fmt: skip
    task = TASKS[name]()
    assert {attribute for attribute in ASKED if not hasattr(task, attribute)} == set()
    assert task.name == name


@pytest.mark.parametrize("name", TASKS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_every_task_gives_fits_together(name, dtype):
    task = TASKS[name]()
    batch = task.batch(3, 1, 2, dtype)
    T = len(batch.x)
    assert batch.x.shape == (T, 2, task.input_size)
    assert batch.x.dtype == batch.weight.dtype == dtype
    assert batch.weight.shape == batch.scored.shape == batch.target.shape[:2] == (T, 2)
    assert batch.scored.dtype == bool
    assert batch.scored.any()
    y = np.random.default_rng(0).normal(size=(T, 2, task.output_size)).astype(dtype)
    loss, dy = task.loss(y, batch)
    assert dy.shape == y.shape
    assert dy.dtype == loss.dtype == dtype
    assert isinstance(task.measure(y, batch), float)


@pytest.mark.parametrize("name", TASKS)
def test_no_step_trains_on_the_sequences_of_the_evaluation(name):
    task = TASKS[name]()
    held_out, *trained = (task.batch(3, step, 2, "float64").x for step in range(4))
    assert all((held_out != x).any() for x in trained)


@pytest.mark.parametrize("name", TASKS)
def test_the_slope_of_the_loss_is_dy(name):
    task = TASKS[name]()
    batch = task.batch(3, 1, 2, "float64")
    rng = np.random.default_rng(0)
    y, along = (rng.normal(size=(len(batch.x), 2, task.output_size)) for _ in range(2))
    step = 1e-6
    slope = (task.loss(y + step * along, batch)[0] - task.loss(y - step * along, batch)[0]) / (2 * step)
    assert (task.loss(y, batch)[1] * along).sum() == pytest.approx(slope, rel=1e-6)
