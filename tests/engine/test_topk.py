"""The door of the top-k: shapes, bad arguments, which library computes."""

import subprocess
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sabcore.engine.topk import _implementation, topk
from sabcore.errors import DTypeError, ShapeError


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
    with pytest.raises(DTypeError, match="a is a list, but should be"):
        topk([1.0, 2.0], 1)


@pytest.fixture
def _no_implementation_known() -> Iterator[None]:
    _implementation.cache_clear()
    yield
    _implementation.cache_clear()


@pytest.mark.usefixtures("_no_implementation_known")
@pytest.mark.parametrize(("shape", "k", "rows", "at_most"), [((5,), 2, (1, 5), 2), ((3, 4), 9, (3, 4), 4)])
def test_cupy_arrays_go_to_the_gpu(
    monkeypatch: pytest.MonkeyPatch, shape: Any, k: int, rows: Any, at_most: int
) -> None:
    """Through the same door: checked, made into rows, and handed back in the shape of what came in."""
    asked = []

    def largest(a: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        asked.append((a.shape, k))
        return np.zeros((len(a), k), np.int64), a[:, :k]

    monkeypatch.setattr("sabcore.engine.topk.array_module", lambda *_: SimpleNamespace(__name__="cupy"))
    monkeypatch.setitem(sys.modules, "sabcore.engine.cuda.largest", SimpleNamespace(largest=largest))
    indices, values = topk(np.ones(shape), k)
    assert asked == [(rows, at_most)]
    assert indices.shape == values.shape == (*shape[:-1], at_most)
    with pytest.raises(ShapeError, match="k is -1"):
        topk(np.ones(shape), -1)


def test_arrays_of_other_libraries_are_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sabcore.engine.topk.array_module", lambda *_: SimpleNamespace(__name__="strict"))
    with pytest.raises(DTypeError, match="a is a strict array"):
        topk(np.ones(3), 1)


def test_numpy_arrays_leave_cuda_alone() -> None:
    check = "import sys, numpy, sabcore; sabcore.topk(numpy.ones(3), 1); sys.exit('cupy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check]).returncode == 0
