"""The race of the top-k."""

import numpy as np
import pytest

from sabcore.benchmarks.selection import by_partition, race
from sabcore.engine.topk import topk


@pytest.mark.parametrize("k", [1, 4])
def test_the_peer_of_top_k_is_right(k):
    a = np.random.default_rng(0).standard_normal((3, 9), dtype="float32")
    for got, want in zip(by_partition(a, k), topk(a, k), strict=True):
        assert np.array_equal(got, want)


def test_the_top_k_race_finds_nobody_wrong():
    (row,) = race((50,), seconds=0.01)
    assert row["wrong"] == []
    assert {"sabcore.topk", "np.argpartition"} <= set(row["us"])
