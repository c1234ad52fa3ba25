"""What the seeds of a cell say together, and a cell in words."""

from dataclasses import replace

from sabcore.reproduce.summary import cell_lines, effort, shown, summary
from sabcore.train.spread import Spread
from tests.reproduce.test_table import SMALL

ERRORS = replace(SMALL, task={"name": "adding"}, success=0.02)


def result(row, seed, found, updates=10, seconds=2.0, digest="d"):
    return {"row": row, "seed": seed, "found": found, "updates": updates, "seconds": seconds, "digest": digest}


def test_a_cell_s_seeds_are_taken_together():
    results = [result("sab", seed, {"a": value}) for seed, value in enumerate((0.5, 0.2, 0.9))]
    assert summary(SMALL, results, "sab", "a") == Spread(3, 0.5, 0.2, 0.9, 2)
    assert summary(ERRORS, results, "sab", "a") == Spread(3, 0.5, 0.2, 0.9, 0)
    assert summary(replace(ERRORS, success=0.3), results, "sab", "a") == Spread(3, 0.5, 0.2, 0.9, 1)
    assert summary(SMALL, results, "lstm", "a") is None
    assert summary(SMALL, results, "sab", "b") is None


def test_a_metric_in_words():
    assert (shown(SMALL, 0.123), shown(ERRORS, 0.123456), shown(ERRORS, None)) == ("12.3%", "0.123", "not finite")


def test_a_cell_in_words():
    results = [result("sab", seed, {"b": value}) for seed, value in enumerate((0.5, 0.25))]
    assert cell_lines(SMALL, results, "sab", "b") == ["37.5%", "(25.0% to 50.0%)", "1 of 2 seeds", "published: 25.0%"]
    assert cell_lines(SMALL, results[:1], "sab", "b") == ["50.0%", "1 of 1 seed", "published: 25.0%"]
    assert cell_lines(SMALL, results, "lstm", "b") == [SMALL.missing]
    other = replace(SMALL, rows={"lstm": replace(SMALL.rows["lstm"], missing="too dear")}, success=None)
    assert cell_lines(other, [], "lstm", "b") == ["too dear"]
    assert cell_lines(other, [result("lstm", 0, {"b": 0.1})], "lstm", "b") == ["10.0%", "1 seed"]


def test_effort_counts_a_run_once():
    results = [result("sab", 0, {"a": 1.0}), result("sab", 0, {"b": 1.0}), result("sab", 1, {"a": 1.0}, 2000, 8.0)]
    assert effort(results, "sab") == "1,005 in 5 s"
    assert effort(results, "lstm") == ""
