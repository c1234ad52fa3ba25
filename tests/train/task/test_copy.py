"""The copy task: what a batch holds, and that it depends on its seed and step alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from sabcore.errors import ConfigError
from sabcore.train.task import CopyTask, accuracy, task_from_dict, task_to_dict


@settings(max_examples=50, deadline=None)
@given(T=st.integers(1, 40), seed=st.integers(0, 2**64), step=st.integers(0, 10**6), size=st.integers(1, 7))
def test_a_batch_is_symbols_blanks_marker_recall(T, seed, step, size):
    x, target, weight, scored = CopyTask(T).batch(seed, step, size, "float32")
    assert x.shape == (T + 20, size, 10)
    assert x.dtype == weight.dtype == "float32"
    assert set(np.unique(x)) == {0, 1}
    assert (x.sum(axis=-1) == 1).all()
    for b in range(size):
        codes = x[:, b].argmax(axis=-1).tolist()
        symbols, rest = codes[:10], codes[10:]
        assert all(1 <= symbol <= 8 for symbol in symbols)
        assert rest == [0] * (T - 1) + [9] + [0] * 10
        assert target[:, b].tolist() == [0] * (T + 10) + symbols
        assert scored[:, b].tolist() == [False] * (T + 10) + [True] * 10
    assert (weight == 1).all()


def test_the_marker_may_come_with_the_first_answer():
    x, target, _, scored = CopyTask(6, marker="on").batch(1, 2, 3, "float32")
    usual = CopyTask(6).batch(1, 2, 3, "float32")
    codes, before = x.argmax(axis=-1), usual.x.argmax(axis=-1)
    assert x.shape == usual.x.shape
    for array, other in ((target, usual.target), (scored, usual.scored), (codes[:10], before[:10])):
        np.testing.assert_array_equal(array, other)
    assert (codes[10:] == np.array([0] * 6 + [9] + [0] * 9)[:, None]).all()  # step 17 is the first answer's
    assert scored[16].all()


def test_the_released_encoding_is_the_code_as_one_number():
    x = CopyTask(6, encoding="number").batch(1, 2, 3, "float32").x
    assert (x.shape, CopyTask(6, encoding="number").input_size) == ((26, 3, 1), 1)
    np.testing.assert_array_equal(x[..., 0], CopyTask(6).batch(1, 2, 3, "float32").x.argmax(axis=-1))
    assert x.dtype == "float32"


@pytest.mark.parametrize("weight", [1.0, 5.0])
def test_the_floor_is_the_loss_of_knowing_when_but_not_what(weight):
    task = CopyTask(7, recall_weight=weight)
    batch = task.batch(1, 1, 50, "float64")
    y = np.where(batch.scored[..., None], np.array([-1e3, *[0.0] * 8, -1e3]), np.array([0.0] + [-1e3] * 9))
    assert task.loss(y, batch)[0] == pytest.approx(task.floor, rel=1e-12)
    assert CopyTask(7).floor == pytest.approx(10 * np.log(8) / 27)
    assert (batch.weight == np.where(batch.scored, weight, 1)).all()


@pytest.mark.parametrize("encoding", ["one_hot", "number"])
def test_samples_can_be_looked_at(encoding):
    task = CopyTask(5, encoding=encoding)
    batch = task.batch(1, 1, 3, "float32")
    axes = Figure().add_subplot()
    task.draw(axes, batch)
    rows = np.asarray(axes.images[0].get_array())
    assert rows.shape == (6, 25)
    np.testing.assert_array_equal(rows[1], batch.target[:, 0])
    np.testing.assert_array_equal(rows[4][:10], batch.target[-10:, 2])


@pytest.mark.parametrize(
    "field", [{"recall_weight": 0}, {"recall_weight": float("inf")}, {"encoding": "raw"}, {"marker": None}]
)
def test_bad_fields_are_refused_by_name(field):
    with pytest.raises(ConfigError, match=f"{next(iter(field))} is"):
        CopyTask(5, **field)


def test_a_batch_depends_on_seed_and_step_alone():
    task = CopyTask(5)
    first = task.batch(3, 7, 4, "float64")
    task.batch(3, 8, 4, "float64")
    for again, before in zip(task.batch(3, 7, 4, "float64"), first, strict=True):
        np.testing.assert_array_equal(again, before)
    for other in (task.batch(4, 7, 4, "float64"), task.batch(3, 8, 4, "float64")):
        assert (other.target != first.target).any()
    assert (task.batch(4, 7, 4, "float64").target != task.batch(3, 8, 4, "float64").target).any()  # not of their sum


def test_every_symbol_is_equally_likely():
    target = CopyTask(1).batch(0, 0, 4000, "float32").target[-10:]
    counts = np.bincount(target.ravel(), minlength=9)[1:]
    chi2 = ((counts - 5000) ** 2 / 5000).sum()
    assert chi2 < 40.5  # the one-in-a-million quantile of chi-squared with 7 degrees of freedom is 40.5


def test_accuracy_counts_recall_steps_alone():
    task = CopyTask(6)
    batch = task.batch(1, 1, 3, "float64")
    perfect = np.eye(10)[batch.target]
    assert accuracy(perfect, batch) == 1
    assert accuracy(np.eye(10)[np.zeros_like(batch.target)], batch) == 0
    one_wrong = perfect.copy()
    one_wrong[-1, 2] = np.eye(10)[0]
    one_wrong[0] = np.eye(10)[5]
    assert accuracy(one_wrong, batch) == 29 / 30


def test_the_loss_is_the_mean_over_all_steps_and_has_the_right_gradient():
    task = CopyTask(2)
    batch = task.batch(1, 1, 3, "float64")
    y = np.random.default_rng(0).normal(size=(22, 3, 10))
    loss, dy = task.loss(y, batch)
    p = np.exp(y) / np.exp(y).sum(axis=-1, keepdims=True)
    want = -np.log(np.take_along_axis(p, batch.target[..., None], -1)).mean()
    assert abs(loss - want) < 1e-14 * want
    np.testing.assert_allclose(dy, (p - np.eye(10)[batch.target]) / 66, rtol=0, atol=1e-16)


@pytest.mark.parametrize("T", [0, -1, 2.0, "5", None, True, 10**12])
def test_a_bad_delay_is_refused(T):
    with pytest.raises(ConfigError, match="T is"):
        CopyTask(T)


def test_a_task_survives_its_description():
    assert task_from_dict(task_to_dict(CopyTask(17))) == CopyTask(17)


@pytest.mark.parametrize(
    "fields", [{}, {"name": "paste"}, {"name": ["copy"]}, {"name": "copy"}, {"name": "copy", "T": 3, "U": 4}]
)
def test_a_foreign_description_is_refused(fields):
    with pytest.raises(ConfigError):
        task_from_dict(fields)
