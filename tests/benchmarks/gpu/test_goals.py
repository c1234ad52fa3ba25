"""Goals are held against what was measured."""

from pathlib import Path

from sabcore.benchmarks.gpu.goals import goals

ROOT = Path(__file__).parents[3]


TINY = {"input_size": 2, "hidden_size": 4, "output_size": 3}


def test_goals_are_held_against_what_was_measured():
    race = {
        "title": "SAB, T=200",
        "entrants": {"sabcore-cuda": {"median_s": 0.0016}},
        "ratios": {"torch-cached": {"median": 99.0}},
    }
    lstm = {"title": "LSTM, T=200", "entrants": {}, "ratios": {"torch-lstm": {"median": 0.5}}}
    reached = list(goals({"SAB": [race], "LSTM": [lstm]}))
    assert [(goal.got, goal.met) for goal in reached] == [("1.60 ms", True), ("99", False), ("2.00", False)]
