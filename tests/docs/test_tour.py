"""The tour's blocks print what the tour says they print."""

import doctest
from pathlib import Path

import numpy as np

TOUR = Path(__file__).parents[2] / "docs" / "tour.md"


def test_every_block_prints_what_it_says():
    with np.printoptions():
        outcome = doctest.testfile(str(TOUR), module_relative=False, encoding="utf-8")
    assert outcome.attempted > 20
    assert outcome.failed == 0
