"""The adding task: what a batch holds, in both conventions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from sabcore.errors import ConfigError
from sabcore.train.task import AddingTask


@settings(max_examples=40, deadline=None)
@given(T=st.integers(2, 40), seed=st.integers(0, 2**64), step=st.integers(0, 10**6), size=st.integers(1, 7))
def test_one_number_of_each_half_is_marked_and_the_sum_asked_for_at_the_end(T, seed, step, size):
    x, target, weight, scored = AddingTask(T).batch(seed, step, size, "float64")
    assert (x.shape, target.shape) == ((T, size, 2), (T, size, 1))
    assert ((x[..., 0] >= 0) & (x[..., 0] < 1)).all()
    for b in range(size):
        first, second = np.flatnonzero(x[:, b, 1])
        assert first < T // 2 <= second
        assert x[first, b, 1] == x[second, b, 1] == 1
        assert target[-1, b, 0] == x[first, b, 0] + x[second, b, 0]
    assert not target[:-1].any()
    assert (weight == scored).all()
    assert (scored == (np.arange(T) == T - 1)[:, None]).all()


def test_the_other_convention_asks_for_half():
    whole, half = AddingTask(9).batch(1, 2, 3, "float64"), AddingTask(9, "half").batch(1, 2, 3, "float64")
    np.testing.assert_array_equal(whole.x, half.x)
    np.testing.assert_array_equal(whole.target, 2 * half.target)


@pytest.mark.parametrize("answer", ["sum", "half"])
def test_chance_is_the_error_of_guessing_the_mean(answer):
    task = AddingTask(10, answer)
    batch = task.batch(0, 1, 20_000, "float64")
    y = np.full(batch.target.shape, 1.0 if answer == "sum" else 0.5)
    error = task.measure(y, batch)
    assert error == pytest.approx(task.chance, rel=0.05)  # five deviations of the mean of 20,000 squares
    assert task.floor == task.chance == {"sum": 1 / 6, "half": 1 / 24}[answer]
    assert task.loss(y, batch)[0] == pytest.approx(error, rel=1e-12)


def test_every_step_of_a_half_is_equally_likely_to_be_marked():
    marks = AddingTask(9).batch(0, 1, 9000, "float32").x[..., 1].sum(axis=1)
    assert abs(marks[:4] - 9000 / 4).max() < 6 * (9000 * 3 / 16) ** 0.5
    assert abs(marks[4:] - 9000 / 5).max() < 6 * (9000 * 4 / 25) ** 0.5


def test_the_loss_looks_at_the_last_step_alone_and_has_the_right_gradient():
    task = AddingTask(4)
    batch = task.batch(1, 1, 3, "float64")
    y = np.random.default_rng(0).normal(size=batch.target.shape)
    loss, dy = task.loss(y, batch)
    residual = y[-1] - batch.target[-1]
    assert loss == pytest.approx((residual**2).mean(), rel=1e-14)
    assert task.measure(y, batch) == pytest.approx((residual**2).mean(), rel=1e-14)
    np.testing.assert_allclose(dy[-1], 2 * residual / 3, rtol=1e-14)
    assert not dy[:-1].any()


def test_samples_can_be_looked_at():
    task = AddingTask(12)
    batch = task.batch(1, 1, 3, "float32")
    task.draw(axes := Figure().add_subplot(), batch)
    numbers, marked, answer = axes.lines
    np.testing.assert_array_equal(numbers.get_ydata(), batch.x[:, 0, 0])
    assert np.sum(marked.get_ydata()) == pytest.approx(np.sum(answer.get_ydata()))


@pytest.mark.parametrize("field", [{"T": 1}, {"T": True}, {"answer": "mean"}, {"answer": None}])
def test_bad_fields_are_refused_by_name(field):
    with pytest.raises(ConfigError, match=f"{next(iter(field))} is"):
        AddingTask(**field)
