"""Sinusoids: one number at a time, and what they are for."""

import math

import numpy as np
import pytest

from sabcore.transformer.positions import sinusoids


@pytest.mark.parametrize("H", [1, 4, 5])
def test_one_number_at_a_time(H):
    found = sinusoids(50, H)
    for t in (0, 1, 49):
        for unit in range(H):
            angle = t / 10000 ** (2 * (unit // 2) / H)
            assert found[t, unit] == pytest.approx(math.cos(angle) if unit % 2 else math.sin(angle), abs=1e-14)


def test_a_distance_is_one_linear_map():
    found = sinusoids(200, 8)
    map_of_9 = np.linalg.lstsq(found[:50], found[9:59], rcond=None)[0]
    np.testing.assert_allclose(found[100:150] @ map_of_9, found[109:159], atol=1e-9)
