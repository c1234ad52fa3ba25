"""Sums of vectors, as compiled and as written."""

import numpy as np
import pytest

from sabcore.engine.cpu import sums
from tests.engine.cpu.block import part


@pytest.mark.parametrize("kernels", [sums, part("sums")], ids=["compiled", "written"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_small_sums_in_whole_numbers(kernels, dtype):
    out, a = np.ones((2, 3), dtype), np.arange(6, dtype=dtype).reshape(2, 3)
    kernels.add(out, a)
    assert out.tolist() == [[1, 2, 3], [4, 5, 6]]
    row = out[1].copy()
    kernels.add_scaled(row, row.dtype.type(10), a[0])
    assert row.tolist() == [4, 15, 26]
    assert kernels.dot(row, a[1]) == 4 * 3 + 15 * 4 + 26 * 5
    assert kernels.dot(row[:0], row[:0]) == 0
