"""Timing: the order of runs, warm-up apart, medians of ratios; memory in a process of its own."""

import itertools

import numpy as np
import pytest

from sabcore.benchmarks import memory
from sabcore.benchmarks.limits import Limits, floor_seconds, measure_limits
from sabcore.benchmarks.measure import Times, interleave, spread, wall
from sabcore.benchmarks.selection import by_partition, race
from sabcore.benchmarks.workload import make_workload, sab_config
from sabcore.engine.topk import topk


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


def test_memory_is_that_of_the_pass_alone():
    config = sab_config(input_size=3, hidden_size=64, output_size=4)
    ballast = np.ones(1 << 25)  # 256 MiB of ours, which are not the child's
    peak = memory.peak_bytes("sabcore-plain", make_workload(config, 100, 16), threads=1)
    assert peak is not None
    assert 2**20 < peak < ballast.nbytes


def test_memory_of_what_fails_is_unknown():
    assert memory.peak_bytes("nobody", make_workload(sab_config(), 2, 1), threads=1) is None


def test_limits_are_rates():
    assert all(1e6 < rate < 1e16 for rate in measure_limits(threads=1, seconds=0.01))


def test_the_floor_counts_products_and_terms():
    config = sab_config(input_size=2, hidden_size=3, output_size=4, attention_size=5, k_att=2)
    floor = floor_seconds(make_workload(config, T=4, B=7), Limits(1.0, 1.0, 1.0))
    slots_seen = 0 + 0 + 1 + 1
    products = 12 * (2 + 3) + 2 * 4 * 3 + 5 * 3 + 5 * 3 // 2
    assert floor == {"matrix": 4 * 7 * 6 * products, "score": 7 * 5 * slots_seen}


@pytest.mark.parametrize("k", [1, 4])
def test_the_peer_of_top_k_is_right(k):
    a = np.random.default_rng(0).standard_normal((3, 9), dtype="float32")
    for got, want in zip(by_partition(a, k), topk(a, k), strict=True):
        assert np.array_equal(got, want)


def test_the_top_k_race_finds_nobody_wrong():
    (row,) = race((50,), seconds=0.01)
    assert row["wrong"] == []
    assert {"sabcore.topk", "np.argpartition"} <= set(row["us"])
