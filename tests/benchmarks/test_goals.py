"""Goals are met, or not."""

from sabcore.benchmarks import goals


def race_of(model, T, ratios, entrants, floor=1.0):
    sizes = {"model": model, "T": T, "threads": 2, "subject": "sabcore-cpu", "floor": {"matrix": floor, "score": 0.0}}
    return {**sizes, "ratios": ratios, "entrants": entrants}


def test_goals_are_met_or_not():
    race = race_of("SAB", 120, {}, {"sabcore-cpu": {"median_s": 1.31}})
    weights = {
        "sabcore-cpu": {"peak_bytes": 2**20, "median_s": 1.3},
        "torch-cached": {"peak_bytes": 9 * 2**20},
    }
    longer = race_of("SAB", 420, {"torch-cached": {"median": 15.0, "low": 14.5, "high": 16.0}}, weights)
    lstm = race_of("LSTM", 200, {"torch-lstm": {"median": 0.99, "low": 0.9, "high": 1.1}}, {})
    found = {
        "threads": 2,
        "engine": "cpu",
        "races": [race, longer, lstm],
        "long": {"T": 10**6, "forward_s": 200.0, "backward_s": 101.0, "peak_bytes": 2**30, "finite": True},
        "selection": [
            {"n": 100, "us": {}, "ratio": {"median": 1.55, "low": 1.5, "high": 1.6}},
            {"n": 1000, "us": {}, "ratio": {"median": 1.45, "low": 1.4, "high": 1.6}},
            {"n": 10_000, "us": {}, "ratio": None},
        ],
        "growth": [{"T": 500, "backward_us": 100.0}, {"T": 4000, "backward_us": 129.0}],
    }
    assert [(goal.got, goal.met) for goal in goals.goals(found)] == [
        ("1.31 times", False),
        ("1.30 times", True),
        ("15.00 times (14.50 to 16.00)", True),
        ("0.99 times (0.90 to 1.10)", False),
        ("9.0 times (1 and 9 MiB)", False),
        ("301 s, 1.00 GiB", False),
        ("1.29 times (100 and 129 us)", True),
        ("1.55 times (1.50 to 1.60)", True),
        ("1.45 times (1.40 to 1.60)", False),
    ]
