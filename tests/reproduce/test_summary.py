"""What the seeds of a cell say together, for shares and for errors, and with values that were not finite."""

from dataclasses import replace

from sabcore.reproduce.summary import Summary, cell_lines, effort, shown, succeeds, summary
from tests.reproduce.test_table import SMALL

ERRORS = replace(SMALL, task={"name": "adding"}, success=0.02)


def result(row, seed, found, updates=10, seconds=2.0, digest="d"):
    return {"row": row, "seed": seed, "found": found, "updates": updates, "seconds": seconds, "digest": digest}


def test_median_spread_and_the_seeds_that_succeed():
    results = [result("sab", seed, {"a": value}) for seed, value in enumerate((0.5, 0.2, 0.9))]
    found = summary(SMALL, results, "sab", "a")
    assert found == Summary((0.5, 0.2, 0.9), 2)
    assert found is not None
    assert found.to_dict() == {"seeds": 3, "median": 0.5, "least": 0.2, "most": 0.9, "succeed": 2}
    assert summary(SMALL, results, "lstm", "a") is None
    assert summary(SMALL, results, "sab", "b") is None


def test_a_value_that_was_not_finite_counts_as_a_seed_that_fails():
    found = summary(SMALL, [result("sab", 0, {"a": None}), result("sab", 1, {"a": 0.7})], "sab", "a")
    assert found is not None
    assert found.to_dict() == {"seeds": 2, "median": 0.7, "least": 0.7, "most": 0.7, "succeed": 1}
    assert Summary((None,), 0).to_dict() == {"seeds": 1, "median": None, "least": None, "most": None, "succeed": 0}


def test_an_error_succeeds_when_it_is_small():
    assert [succeeds(SMALL, value) for value in (0.5, 0.49, None)] == [True, False, False]
    assert [succeeds(ERRORS, value) for value in (0.02, 0.021, None)] == [True, False, False]
    assert (shown(SMALL, 0.123), shown(ERRORS, 0.123456), shown(ERRORS, None)) == ("12.3%", "0.123", "not finite")


def test_a_cell_in_words():
    results = [result("sab", seed, {"b": value}) for seed, value in enumerate((0.5, 0.25))]
    assert cell_lines(SMALL, results, "sab", "b") == ["37.5%", "(25.0% to 50.0%)", "1 of 2 seeds", "published: 25.0%"]
    assert cell_lines(SMALL, results[:1], "sab", "b") == ["50.0%", "1 of 1 seeds", "published: 25.0%"]
    assert cell_lines(SMALL, results, "lstm", "b") == [SMALL.missing]
    other = replace(SMALL, rows={"lstm": replace(SMALL.rows["lstm"], missing="too dear")}, success=None)
    assert cell_lines(other, [], "lstm", "b") == ["too dear"]
    assert cell_lines(other, [result("lstm", 0, {"b": 0.1})], "lstm", "b") == ["10.0%", "1 seed"]


def test_effort_counts_a_run_once():
    results = [result("sab", 0, {"a": 1.0}), result("sab", 0, {"b": 1.0}), result("sab", 1, {"a": 1.0}, 2000, 8.0)]
    assert effort(results, "sab") == "1,005 in 5 s"
    assert effort(results, "lstm") == ""
