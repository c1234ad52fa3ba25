"""The curriculum: when T grows, by how much, and which lengths are drawn."""

import numpy as np
import pytest

from sabcore.errors import ConfigError
from sabcore.train.curriculum import Curriculum, Progress

SMALL = Curriculum(start=5, growth=1.25, enough=0.9, window=3)


def test_T_grows_by_its_factor_at_least_by_one_and_never_past_the_goal():
    lengths = [5]
    while lengths[-1] < 100:
        lengths.append(SMALL.grown(lengths[-1], 100))
    assert lengths == [5, 6, 8, 10, 12, 15, 19, 24, 30, 38, 48, 60, 75, 94, 100]
    assert Curriculum(growth=1.01).grown(5, 100) == 6


def test_T_moves_only_when_a_whole_window_is_good_enough():
    progress = Progress(5)
    for metric, want in [(1.0, 5), (1.0, 5), (0.6, 5), (1.0, 5), (0.9, 5), (0.85, 6)]:  # the last three average 0.92
        progress = progress.after(metric, SMALL, 7, higher_is_better=True)
        assert progress.T == want
    assert progress == Progress(6)
    for _ in range(3):
        assert progress.fallen is None
        progress = progress.after(1.0, SMALL, 7, higher_is_better=True)
    assert progress == Progress(7, fallen=0)


def test_an_error_has_to_fall_below_what_is_enough():
    progress = Progress(5)
    for metric in (0.95, 0.9, 0.85):
        progress = progress.after(metric, SMALL, 100, higher_is_better=False)
    assert progress.T == 6
    for metric in (0.95, 0.91, 0.9):
        progress = progress.after(metric, SMALL, 100, higher_is_better=False)
    assert (progress.T, progress.since) == (6, 3)


def test_half_the_batches_have_length_T_while_it_grows():
    rng = np.random.default_rng(0)
    drawn = np.array([SMALL.draw(20, False, 100, rng) for _ in range(4000)])
    share = (drawn == 20).mean()
    assert abs(share - 0.5 - 0.5 / 36) < 5 * 0.5 / 4000**0.5  # a half, and one in 36 of the others; five deviations
    assert (drawn.min(), drawn.max()) == (5, 40)
    counts = np.bincount(drawn[drawn != 20], minlength=41)[5:]
    assert (counts[np.arange(5, 41) != 20] > 20).all()  # 56 are expected of each


def test_lengths_are_log_uniform_after():
    rng = np.random.default_rng(0)
    drawn = np.array([Curriculum(longest=500).draw(100, True, 100, rng) for _ in range(4000)])
    assert drawn.min() == 5
    assert 490 < drawn.max() <= 500
    assert abs((drawn <= 50).mean() - 0.5) < 5 * 0.5 / 4000**0.5


def test_a_goal_below_the_start_is_practised_as_it_is():
    assert {SMALL.draw(2, False, 2, np.random.default_rng(k)) for k in range(20)} <= {2, 3, 4}
    assert Curriculum(longest=1).draw(2, True, 2, np.random.default_rng(0)) == 2


@pytest.mark.parametrize(
    "field", [{"start": 0}, {"start": 2.0}, {"window": True}, {"longest": -1}, {"growth": 1}, {"growth": float("nan")},
              {"growth": "2"}, {"enough": 0}, {"enough": float("inf")}, {"spread": 1.0}],
)  # fmt: skip
def test_bad_fields_are_refused_by_name(field):
    with pytest.raises(ConfigError, match=f"{next(iter(field))} is "):
        Curriculum(**field)
