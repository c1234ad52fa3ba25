"""The denoise task: what a batch holds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from sabcore.errors import ConfigError
from sabcore.train.task import DenoiseTask


@settings(max_examples=40, deadline=None)
@given(T=st.integers(1, 40), seed=st.integers(0, 2**64), step=st.integers(0, 10**6), size=st.integers(1, 7))
def test_the_symbols_are_recalled_in_the_order_of_their_places(T, seed, step, size):
    x, target, weight, scored = DenoiseTask(T, recall_weight=3.0).batch(seed, step, size, "float32")
    assert x.shape == (T + 20, size, 10)
    assert (x.sum(axis=-1) == 1).all()
    codes = x.argmax(axis=-1)
    assert (codes[T + 9] == 9).all()
    assert (codes[T + 10 :] == 0).all()
    for b in range(size):
        symbols = [code for code in codes[: T + 9, b] if code]
        assert len(symbols) == 10
        assert max(symbols) <= 8
        assert target[:, b].tolist() == [0] * (T + 10) + symbols
    assert (scored == (np.arange(T + 20) >= T + 10)[:, None]).all()
    assert (weight == np.where(scored, 3, 1)).all()


def test_every_place_is_equally_likely():
    codes = DenoiseTask(21).batch(0, 1, 3000, "float32").x.argmax(axis=-1)[:30]
    counts = (codes > 0).sum(axis=1)  # a third of 3,000 at each of 30 places
    assert abs(counts - 1000).max() < 6 * (3000 * 2 / 9) ** 0.5


def test_a_batch_depends_on_seed_and_step_alone():
    task = DenoiseTask(5)
    np.testing.assert_array_equal(task.batch(3, 7, 4, "float64").x, task.batch(3, 7, 4, "float64").x)
    assert (task.batch(3, 8, 4, "float64").x != task.batch(3, 7, 4, "float64").x).any()


def test_loss_metric_and_floor():
    task = DenoiseTask(7, recall_weight=5.0)
    batch = task.batch(1, 1, 5, "float64")
    assert task.measure(np.eye(10)[batch.target], batch) == 1
    y = np.where(batch.scored[..., None], np.array([-1e3, *[0.0] * 8, -1e3]), np.array([0.0] + [-1e3] * 9))
    assert task.loss(y, batch)[0] == pytest.approx(task.floor, rel=1e-12)
    assert task.loss(y, batch)[1].shape == y.shape
    task.draw(axes := Figure().add_subplot(), batch)
    assert np.asarray(axes.images[0].get_array()).shape == (8, 27)


@pytest.mark.parametrize("field", [{"T": 0}, {"T": 1.0}, {"recall_weight": -1}])
def test_bad_fields_are_refused_by_name(field):
    with pytest.raises(ConfigError, match=f"{next(iter(field))} is"):
        DenoiseTask(**field)
