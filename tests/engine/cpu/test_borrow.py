"""Views that count no references: of the same numbers, written through, and of arrays in C order alone."""

import sys
from types import FunctionType
from typing import NamedTuple

import numpy as np
import pytest
from numba import njit
from numba.core.errors import NumbaError

from sabcore.engine.cpu.borrow import block_of, borrowed
from tests.engine.cpu.block import part


class Pair(NamedTuple):
    """Arrays, and a number that is passed on."""

    a: np.ndarray
    b: np.ndarray
    n: int


def use(pair, b):
    block, whole = block_of(pair, b), borrowed(pair)
    block.a[0, 1] += block.n
    whole.b[b, 0] *= 2
    return block.a.sum(), block.b.shape[0], whole.a.shape[0], borrowed(whole.a)[b, 0, 1]


compiled = njit(use)


def interpreted(pair, b):
    name = part("borrow")
    return FunctionType(use.__code__, {"block_of": name.block_of, "borrowed": name.borrowed})(pair, b)


@pytest.mark.parametrize("call", [compiled, interpreted], ids=["compiled", "written"])
def test_a_block_is_a_view_of_its_part_of_each_array(call):
    pair = Pair(np.arange(24.0).reshape(3, 2, 4), np.ones((3, 5)), 100)
    want = np.arange(24.0).reshape(3, 2, 4)
    want[2, 0, 1] += 100
    assert call(pair, 2) == (want[2].sum(), 5, 3, want[2, 0, 1])
    np.testing.assert_array_equal(pair.a, want)
    np.testing.assert_array_equal(pair.b[:, 0], [1, 1, 2])


def test_references_are_as_many_as_before():
    pair = Pair(np.zeros((3, 2, 4)), np.ones((3, 5)), 1)
    before = [sys.getrefcount(pair.a), sys.getrefcount(pair.b)]
    for _ in range(10):
        compiled(pair, 1)
    assert [sys.getrefcount(pair.a), sys.getrefcount(pair.b)] == before


def test_an_array_in_another_order_is_refused():
    with pytest.raises((NumbaError, TypeError), match="C-contiguous"):
        compiled(Pair(np.zeros((3, 2, 4), order="F"), np.ones((3, 5)), 1), 1)
