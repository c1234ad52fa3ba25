"""The k largest of a row, against a stable sort: ties, NaN, infinities, any k."""

import subprocess
import sys
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sabcore.engine.cpu.topk import LIST_LIMIT
from sabcore.engine.topk import topk
from sabcore.errors import DTypeError, ShapeError

SPECIAL = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0]


def stable_sort(a: np.ndarray, k: int) -> np.ndarray:
    """NumPy sorts NaN to the end, and -a turns the largest into the first."""
    return np.argsort(-a, axis=-1, kind="stable")[..., :k]


def assert_is_the_sorts_beginning(a: np.ndarray, k: int) -> None:
    indices, values = topk(a, k)
    want = stable_sort(a, k)
    np.testing.assert_array_equal(indices, want)
    np.testing.assert_array_equal(values, np.take_along_axis(a, want, axis=-1))


@settings(max_examples=400, deadline=None)
@given(data=st.data(), width=st.sampled_from([32, 64]), k=st.integers(0, 45))
def test_any_values(data: st.DataObject, width: int, k: int) -> None:
    values = st.sampled_from(SPECIAL) | st.floats(width=cast(Any, width), allow_subnormal=False)
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=2, max_side=40))
    assert_is_the_sorts_beginning(data.draw(hnp.arrays(f"float{width}", shape, elements=values)), k)


@pytest.mark.parametrize("k", [1, 11, LIST_LIMIT, LIST_LIMIT + 1, 499, 500, 700])
@pytest.mark.parametrize("order", ["random", "ascending", "descending", "few", "nan"])
def test_long_rows_and_large_k(k: int, order: str) -> None:
    rng = np.random.default_rng(k)
    a = rng.integers(0, 8, (3, 500)).astype("float32") if order == "few" else rng.normal(size=(3, 500))
    if order in ("ascending", "descending"):
        a = np.sort(a, axis=1)[:, :: 1 if order == "ascending" else -1]
    if order == "nan":
        a[rng.random(a.shape) < 0.7] = np.nan
    assert_is_the_sorts_beginning(a, k)


def test_no_values_and_no_k() -> None:
    for a, k in ((np.empty(0), 3), (np.empty((2, 0)), 3), (np.ones((2, 3)), 0)):
        indices, values = topk(a, k)
        assert indices.shape == values.shape == (*a.shape[:-1], 0)


def test_read_only_input_is_left_alone() -> None:
    a = np.array([1.0, 3.0, 2.0])
    a.flags.writeable = False
    assert topk(a, 2)[0].tolist() == [1, 2]


def test_bad_arguments_are_named() -> None:
    with pytest.raises(ShapeError, match=r"a has shape \(1, 1, 1\)"):
        topk(np.ones((1, 1, 1)), 1)
    with pytest.raises(ShapeError, match="k is -1"):
        topk(np.ones(3), -1)
    with pytest.raises(DTypeError, match="a has dtype int64"):
        topk(np.ones(3, int), 1)
    with pytest.raises(DTypeError, match="got a list"):
        topk([1.0, 2.0], 1)


@pytest.mark.parametrize(("shape", "k", "rows", "at_most"), [((5,), 2, (1, 5), 2), ((3, 4), 9, (3, 4), 4)])
def test_cupy_arrays_go_to_the_gpu(
    monkeypatch: pytest.MonkeyPatch, shape: Any, k: int, rows: Any, at_most: int
) -> None:
    """Through the same door: checked, made into rows, and handed back in the shape of what came in."""
    asked = []

    def largest(a: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        asked.append((a.shape, k))
        return np.zeros((len(a), k), np.int64), a[:, :k]

    monkeypatch.setattr("sabcore.engine.topk.array_module", lambda a: SimpleNamespace(__name__="cupy"))
    monkeypatch.setitem(sys.modules, "sabcore.engine.cuda.largest", SimpleNamespace(largest=largest))
    indices, values = topk(np.ones(shape), k)
    assert asked == [(rows, at_most)]
    assert indices.shape == values.shape == (*shape[:-1], at_most)
    with pytest.raises(ShapeError, match="k is -1"):
        topk(np.ones(shape), -1)


def test_arrays_of_other_libraries_are_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sabcore.engine.topk.array_module", lambda a: SimpleNamespace(__name__="strict"))
    with pytest.raises(DTypeError, match="a is a strict array"):
        topk(np.ones(3), 1)


def test_numpy_arrays_leave_cuda_alone() -> None:
    check = "import sys, numpy, sabcore; sabcore.topk(numpy.ones(3), 1); sys.exit('numba.cuda' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check]).returncode == 0
