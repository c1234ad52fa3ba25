"""Seeds taken together, for shares and for errors, and with values that were not finite."""

from sabcore.train.spread import Spread, spread


def test_median_spread_and_the_seeds_that_succeed():
    assert spread([0.5, 0.2, 0.9], True, 0.5) == Spread(3, 0.5, 0.2, 0.9, 2)
    assert spread([0.5, 0.2, 0.9], False, 0.5) == Spread(3, 0.5, 0.2, 0.9, 2)
    assert spread([0.5, 0.2, 0.9, 0.3], False, 0.2) == Spread(4, 0.4, 0.2, 0.9, 1)
    assert spread([0.5], True) == Spread(1, 0.5, 0.5, 0.5, None)


def test_a_value_that_was_not_finite_counts_as_a_seed_that_fails():
    assert spread([None, 0.7], True, 0.0) == Spread(2, 0.7, 0.7, 0.7, 1)
    assert spread([None, 0.7], False, 1.0) == Spread(2, 0.7, 0.7, 0.7, 1)
    assert spread([None], True, 0.0) == Spread(1, None, None, None, 0)
