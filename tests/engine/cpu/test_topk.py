"""The k largest of a row, against what the order says, element by element: ties, NaN, infinities, zeros, any k."""

import math
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sabcore.engine.cpu.lanes import LANES, WINDOW
from sabcore.engine.cpu.topk import RUN, room
from sabcore.engine.topk import topk

SPECIAL = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0]


def by_definition(row: np.ndarray, k: int) -> list[int]:
    """The larger value first, of equal ones the lower index, NaN last."""
    numbers = [j for j in range(len(row)) if not math.isnan(row[j])]
    others = [j for j in range(len(row)) if math.isnan(row[j])]
    return (sorted(numbers, key=lambda j: (-float(row[j]), j)) + others)[:k]


def assert_right(a: np.ndarray, k: int) -> None:
    before = a.copy()
    indices, values = topk(a, k)
    np.testing.assert_array_equal(a, before)
    assert (indices.dtype, values.dtype) == (np.int64, a.dtype)
    for row, got, got_values in zip(np.atleast_2d(a), np.atleast_2d(indices), np.atleast_2d(values), strict=True):
        want = by_definition(row, k)
        assert got.tolist() == want
        assert row[want].tobytes() == got_values.tobytes()  # the bits: a zero keeps its sign


@settings(max_examples=300, deadline=None)
@given(data=st.data(), width=st.sampled_from([32, 64]))
def test_any_values_any_k(data: st.DataObject, width: int) -> None:
    floats = st.floats(width=cast(Any, width), allow_subnormal=False)
    shape = data.draw(st.tuples(st.integers(1, 3), st.integers(1, 5 * WINDOW)))
    a = data.draw(hnp.arrays(f"float{width}", shape, elements=st.sampled_from(SPECIAL) | floats, fill=floats))
    assert_right(a, data.draw(st.integers(0, shape[1] + 3)))


@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 700), k=st.integers(1, 40), levels=st.sampled_from([2, 9, 999]))
def test_many_values_many_ties(seed: int, n: int, k: int, levels: int) -> None:
    """Hypothesis fills long arrays with one value; these have a few everywhere, and some that are no numbers."""
    rng = np.random.default_rng(seed)
    a = rng.integers(-levels, levels, (2, n)).astype(rng.choice(["float32", "float64"]))
    a[rng.random(a.shape) < 0.2] = rng.choice(SPECIAL)
    assert_right(a, k)


N = 3 * RUN + WINDOW + 7


@pytest.mark.parametrize("k", [1, 11, 100, RUN, RUN + 1, N // 2, N - 1, N, N + 9])
@pytest.mark.parametrize("order", ["random", "ascending", "descending", "few", "equal", "nan", "one lane", "last"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_orders_that_make_it_hard(k: int, order: str, dtype: str) -> None:
    rng = np.random.default_rng(k)
    a = rng.standard_normal(N).astype(dtype)
    if order in ("ascending", "descending"):
        a = np.sort(a)[:: 1 if order == "ascending" else -1]
    elif order in ("few", "equal"):
        a = np.round(a) if order == "few" else np.ones(N, dtype)
    elif order == "nan":
        a[rng.random(N) < 0.9] = np.nan
    elif order == "one lane":  # all large values in one lane: the bar is far too low
        a[5::LANES] += 100
    else:
        a[-WINDOW // 2 :] += 100
    assert_right(a, k)


@pytest.mark.parametrize("n", [WINDOW - 1, WINDOW, WINDOW + 1, 2 * WINDOW - 1, 2 * WINDOW])
def test_every_place_is_looked_at_once(n: int) -> None:
    for j in range(n):
        a = np.zeros(n, "float32")
        a[j] = 1
        assert_right(a, 3)


def test_strided_rows() -> None:
    a = np.random.default_rng(0).standard_normal((90, 300), dtype="float32")
    for view in (a[:, ::2], a[::3], a[:, ::-1], a.T, a[:, 7], a.view("float64")[:, :-1]):
        assert_right(view, 12)


@pytest.mark.parametrize("n", [1, 63, 64, 100, 5000])
@pytest.mark.parametrize("k", [1, 11, 64, 400, 5000])
def test_there_is_room_for_all_that_is_gathered(n: int, k: int) -> None:
    size = room(n, k)
    assert size % LANES == 0
    assert size >= min(n, k) + WINDOW  # the best k and one more window
