"""Timing: the order of runs, warm-up apart, medians of ratios."""

import itertools

from sabcore.benchmarks.measure import Times, interleave, spread, wall


def test_runs_alternate_after_a_warm_up():
    order, seconds = [], itertools.count(1)
    times = interleave(
        {"a": lambda: order.append("a"), "b": lambda: order.append("b")},
        budget=0.0,
        clock=lambda run: run() or float(next(seconds)),
        least=3,
    )
    assert "".join(order) == "ab" + "ababab"
    assert times.first == {"a": 1.0, "b": 2.0}
    assert times.rounds == {"a": [3.0, 5.0, 7.0], "b": [4.0, 6.0, 8.0]}


def test_rounds_fill_the_budget_and_no_more():
    def rounds(seconds, budget):
        return len(interleave({"a": lambda: None}, budget, clock=lambda run: seconds).rounds["a"])

    assert [rounds(1.0, 10.0), rounds(100.0, 10.0), rounds(1e-3, 10.0)] == [10, 3, 21]


def test_a_slow_spell_of_the_machine_does_not_change_the_ratio():
    times = Times({}, {"slow": [10.0, 10.0, 70.0, 10.0, 10.0], "fast": [1.0, 1.0, 7.0, 1.0, 1.0]})
    assert times.ratio("slow", "fast") == (10.0, 10.0, 10.0)


def test_spread_is_median_and_quartiles():
    assert spread([5.0, 1.0, 4.0, 2.0, 3.0]) == (3.0, 2.0, 4.0)
    assert spread([1.0]) == (1.0, 1.0, 1.0)


def test_wall_times_the_run():
    assert 0 <= wall(lambda: None) < 1
