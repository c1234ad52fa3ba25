"""What gradients are sorted by: every label once, nothing lost on the way through a memory."""

import numpy as np
import pytest

from sabcore.trace.labels import ByHops, BySource


def test_a_loss_step_has_its_own_label_and_all_others_share_one():
    labels = BySource((2, 5))
    assert labels.names == ("loss at step 2", "loss at step 5", "all other steps")
    assert [labels.of_loss(t) for t in range(1, 7)] == [2, 0, 2, 2, 1, 2]
    d = np.arange(6.0).reshape(3, 2)
    np.testing.assert_array_equal(labels.through_memory(d), d)  # where it comes from does not change on the way


def test_spread_takes_steps_that_have_a_loss_evenly():
    dy = np.zeros((100, 2))
    dy[9::10, 1] = -1
    assert BySource.spread(dy).steps == tuple(range(10, 101, 10))
    few = BySource.spread(dy, most=4).steps
    assert len(few) == 4
    assert (few[0], few[-1]) == (10, 100)
    assert set(few) <= set(range(10, 101, 10))
    assert max(np.diff(few)) <= 2 * min(np.diff(few))
    assert BySource.spread(np.zeros((3, 2))).names == ("all other steps",)


@pytest.mark.parametrize("most", [0, 1, 3])
def test_each_memory_counts_one_and_the_last_label_keeps_the_rest(most):
    labels, K = ByHops(most), most + 1
    assert len(labels.names) == K
    assert {labels.of_loss(t) for t in range(5)} == {0}
    d = np.zeros((K, 2))
    d[0] = 1, 2
    for hops in range(1, most + 3):
        d = labels.through_memory(d)
        assert np.flatnonzero(d.any(axis=1)).tolist() == [min(hops, most)]
        assert d.sum(axis=0).tolist() == [1, 2]
    both = labels.through_memory(np.ones((K, 1)))
    assert both.sum() == K
    assert both[-1] == (2 if most else 1)


def test_names_say_how_many():
    assert ByHops(3).names == ("0 memories", "1 memory", "2 memories", "3 or more")
