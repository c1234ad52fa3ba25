"""Products over all steps are the sums over steps, written out."""

import numpy as np
import pytest

from sabcore.array.products import each_times, outer_sum


@pytest.mark.parametrize("leading", [(5,), (3, 2), (2, 3, 4)])
def test_each_row_is_multiplied(leading):
    rng = np.random.default_rng(0)
    left, M = rng.normal(size=(*leading, 4)), rng.normal(size=(4, 6))
    found = each_times(left, M)
    assert found.shape == (*leading, 6)
    for index in np.ndindex(*leading):
        np.testing.assert_allclose(found[index], left[index] @ M, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("leading", [(5,), (3, 2), (2, 3, 4)])
def test_outer_products_add_up(leading):
    rng = np.random.default_rng(1)
    left, right = rng.normal(size=(*leading, 4)), rng.normal(size=(*leading, 6))
    want = sum(np.outer(left[index], right[index]) for index in np.ndindex(*leading))
    np.testing.assert_allclose(outer_sum(left, right), want, rtol=1e-13, atol=1e-14)
