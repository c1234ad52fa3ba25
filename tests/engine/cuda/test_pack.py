"""Weights as the kernels read them: every number in its place, and padding is zero."""

from __future__ import annotations

import numpy as np

from sabcore.engine.cuda.build import Shape
from sabcore.engine.cuda.pack import by_gate, by_unit, in_pieces, pad


def test_by_unit_and_back():
    array = np.arange(4 * 5 * 3.0).reshape(20, 3)
    units = by_unit(array, 32)
    assert units.shape == (128, 3)
    np.testing.assert_array_equal(units[4 * 2 + 1], array[1 * 5 + 2])  # gate f of unit 2
    np.testing.assert_array_equal(units[20:], 0)
    np.testing.assert_array_equal(by_gate(units, 5), array)


def test_pieces_of_four_columns_for_each_neighbour():
    M, shape = np.random.default_rng(0).standard_normal((8, 40)), Shape(groups=2, lanes=4, columns=40)
    packed = in_pieces(M, shape)
    assert packed.shape == (3, 4, 2, 4, 4)
    for depth, row, group, lane in np.ndindex(3, 4, 2, 4):
        first = 4 * (depth * 4 + lane)
        want = pad(M, 8, 48)[4 * group + row, first : first + 4]
        np.testing.assert_array_equal(packed[depth, row, group, lane], want)
