"""The rates of a machine, and the floor that follows from them."""

from sabcore.benchmarks.limits import Limits, floor_seconds, measure_limits
from sabcore.benchmarks.workload import make_workload, sab_config


def test_limits_are_rates():
    assert all(1e6 < rate < 1e16 for rate in measure_limits(threads=1, seconds=0.01))


def test_the_floor_counts_products_and_terms():
    config = sab_config(input_size=2, hidden_size=3, output_size=4, attention_size=5, k_att=2)
    floor = floor_seconds(make_workload(config, T=4, B=7), Limits(1.0, 1.0, 1.0))
    slots_seen = 0 + 0 + 1 + 1
    products = 12 * (2 + 3) + 2 * 4 * 3 + 5 * 3 + 5 * 3 // 2
    assert floor == {"matrix": 4 * 7 * 6 * products, "score": 7 * 5 * slots_seen}
