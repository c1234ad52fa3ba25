"""The kernel for the stand-alone top-k, compiled by g++: the order of `sabcore.topk`, ties and NaN included."""

from __future__ import annotations

import types

import numpy as np
import pytest

from sabcore.engine.cuda import largest
from sabcore.engine.topk import topk


@pytest.fixture
def on_numpy(emulation, monkeypatch):
    """NumPy's `argsort` puts NaN last, as CuPy's does."""
    monkeypatch.setattr(largest, "array_module", lambda array: types.SimpleNamespace(**vars(np)))
    return emulation


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("n", "k"), [(1, 1), (31, 31), (33, 5), (40, 40), (100, 32), (333, 7)])
def test_ranks_as_on_the_cpu(on_numpy, n, k, dtype):
    rng = np.random.default_rng(0)
    for rows in (
        rng.standard_normal((2, n)),
        rng.integers(0, 4, (2, n)),
        rng.choice([np.nan, np.inf, -np.inf, 0.0, -0.0], (2, n)),
        np.where(np.arange(n) % 32 == 3, 1.0 + np.arange(n), 0.0)[None],  # all of the best in one thread's share
    ):
        rows = rows.astype(dtype)
        indices, values = largest.largest(rows, k)
        np.testing.assert_array_equal(indices, topk(rows, k)[0])
        np.testing.assert_array_equal(values, np.take_along_axis(rows, indices, 1))
    assert len(on_numpy.launches) == 4 * (k <= 32)


def test_nothing_asked_for_is_nothing(on_numpy):
    indices, values = largest.largest(np.ones((3, 4)), 0)
    assert indices.shape == values.shape == (3, 0)
    assert on_numpy.launches == []
