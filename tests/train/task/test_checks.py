"""What a task's fields may be, and how what they may not is told."""

import math

import numpy as np
import pytest

from sabcore.errors import ConfigError
from sabcore.train.task.checks import check_choice, check_positive


@pytest.mark.parametrize("value", [1e-300, 1, 2.5, 1e6])
def test_numbers_up_to_the_most_are_let_through(value):
    check_positive("recall_weight", value, 1e6)


@pytest.mark.parametrize("value", [0, -1, 1000001, math.nan, math.inf, -math.inf, True, "1", None, [1]])
def test_any_other_is_named_with_what_would_be_right(value):
    with pytest.raises(ConfigError) as caught:
        check_positive("recall_weight", value, 1e6)
    assert str(caught.value) == f"recall_weight is {value!r}, but should be a number greater than 0, at most 1e+06"


def test_a_choice_is_one_of_the_words():
    check_choice("marker", "on", ("before", "on"))
    for value in ("off", "", "On", None, 1, ["on"], np.array(["on"])):
        with pytest.raises(ConfigError, match=r"^marker is .*, but should be one of 'before', 'on'$"):
            check_choice("marker", value, ("before", "on"))
