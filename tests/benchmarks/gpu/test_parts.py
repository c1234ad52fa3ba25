"""Parts of the run survive each other."""

from pathlib import Path

from sabcore.benchmarks.gpu import report
from sabcore.benchmarks.gpu.parts import Outcome, PartFailedError, run_parts

ROOT = Path(__file__).parents[3]


TINY = {"input_size": 2, "hidden_size": 4, "output_size": 3}


def test_a_part_that_fails_does_not_take_the_next_one_down():
    def wrong():
        raise PartFailedError("1 of 2 failed", ["both"])

    said: list[str] = []
    saved: list[list[str]] = []
    parts = {"crash": lambda: 1 // 0, "wrong": wrong, "fine": lambda: 42}
    outcomes = run_parts(parts, said.append, lambda outcomes: saved.append(list(outcomes)))
    assert [outcome.failure for outcome in outcomes.values()] == [
        "ZeroDivisionError: integer division or modulo by zero",
        "1 of 2 failed",
        None,
    ]
    assert [outcome.found for outcome in outcomes.values()] == [None, ["both"], 42]
    assert saved == [["crash"], ["crash", "wrong"], ["crash", "wrong", "fine"]]
    text = report.markdown(outcomes)
    assert "| crash | **FAILED**: ZeroDivisionError" in text
    assert "| fine | ok |" in text


def test_a_report_that_cannot_be_written_does_not_end_the_run():
    def write(outcomes: dict[str, Outcome]) -> None:
        raise OSError("no space left")

    said: list[str] = []
    outcomes = run_parts({"one": lambda: 1, "two": lambda: 2}, said.append, write)
    assert [outcome.found for outcome in outcomes.values()] == [1, 2]
    assert sum("could not be written: OSError: no space left" in line for line in said) == 2
