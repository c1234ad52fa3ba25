"""Numbers count how often they are multiplied."""

from __future__ import annotations

import numpy as np

from sabcore.proofs.theorems.counted import Counted, counted


def test_counted_numbers_count():
    Counted.multiplications = 0
    a, b = counted(np.ones((2, 3))), counted(np.ones((3, 4)))
    result = a @ b
    assert result.shape == (2, 4)
    assert Counted.multiplications == 24
    assert (2 * a[0, 0] ** 3).value == 2
    assert Counted.multiplications == 27
