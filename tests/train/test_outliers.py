"""Which gradients stand out, and how long a run of large ones does."""

import math

import pytest

from sabcore.errors import ConfigError
from sabcore.train.outliers import Outliers

RULE = Outliers(times=4.0, window=5)
USUAL = (1.0, 1.0, 3.0, 3.0, 100.0)  # of median 3 and mean 21.6


@pytest.mark.parametrize(("norm", "stands_out"), [(3.0, False), (12.0, False), (12.1, True), (math.inf, True)])
def test_it_is_measured_from_the_median(norm, stands_out):
    assert RULE.stands_out(norm, USUAL) is stands_out


def test_nothing_stands_out_before_as_many_as_a_window_are_known():
    assert not RULE.stands_out(1e30, USUAL[:4])
    assert RULE.stands_out(1e30, USUAL)


def test_the_latest_are_remembered_if_they_are_finite():
    assert RULE.remembered(7.0, ()) == (7.0,)
    assert RULE.remembered(7.0, USUAL) == (1.0, 3.0, 3.0, 100.0, 7.0)
    assert RULE.remembered(math.inf, USUAL) == RULE.remembered(math.nan, USUAL) == USUAL


def test_norms_that_stay_large_are_the_rule_after_half_a_window():
    norms: tuple[float, ...] = (1.0,) * 5
    skipped = []
    for _ in range(6):
        skipped.append(RULE.stands_out(50.0, norms))
        norms = RULE.remembered(50.0, norms)
    assert skipped == [True, True, True, False, False, False]


@pytest.mark.parametrize(
    ("field", "says"),
    [({"times": 1}, "times is 1"), ({"times": math.nan}, "times is nan"), ({"times": True}, "times is True"),
     ({"times": "x"}, "times is 'x'"), ({"times": 1e7}, "times is 1"), ({"window": 2}, "window is 2"),
     ({"window": 5.0}, "window is 5.0"), ({"window": 10**6}, "window is 1000000")],
)  # fmt: skip
def test_bad_fields_are_refused_by_name(field, says):
    with pytest.raises(ConfigError, match=says):
        Outliers(**field)
