"""The live table of a sweep: what is done, what is under way, and medians so far."""

import io

import pytest
from rich.console import Console

from sabcore.cli import sweep_watch
from sabcore.cli.sweep_watch import Board, shown, watch_sweep
from sabcore.train.sweep.plan import plan, read_grids
from sabcore.train.sweep.summary import Row
from tests.train.test_experiment import SMALL


@pytest.fixture
def board(tmp_path):
    (tmp_path / "small.toml").write_text(SMALL)
    grids = read_grids(["task.T=5,7"])
    return Board(grids, plan(tmp_path / "small.toml", grids, 2))


def result(sab, lstm):
    return {"models": {"sab": {"error": sab}, "lstm": {"error": lstm}}}


def drawn(board):
    text = io.StringIO()
    Console(file=text, width=120).print(board.table())
    return text.getvalue().splitlines()


def test_the_table_says_what_is_done_and_under_way(board):
    first, second, third, fourth = (point.folder for point in board.points)
    board.results[first] = result(0.25, None)
    board.errors[second] = "broke"
    for folder, step, begins in ((first, 8, True), (third, 0, True), (third, 3, False), (fourth, 0, True)):
        board.tell({"folder": folder, "step": step, "begins": begins})
    title, heading, *lines = drawn(board)
    assert title.strip() == "1 of 4 runs done, 1 failed"
    assert heading.split() == ["task.T", "done", "under", "way", "sab", "lstm"]
    assert lines[0].split() == ["5", "1/2", "0.25", "not", "finite"]
    assert lines[1].split() == ["7", "0/2", "0:33%", "1:0%"]


def test_who_began_twice_was_resumed(board):
    for folder in (board.points[0].folder, board.points[0].folder, board.points[1].folder):
        board.tell({"folder": folder, "step": 0, "begins": True})
    assert board.resumed == 1
    assert "1 resumed after their worker died" in board.title()


def test_a_row_is_shown_with_its_spread():
    assert shown(None) == ""
    assert shown(Row(("5",), "sab", 1, 0.5, 0.5, 0.5)) == "0.5"
    assert shown(Row(("5",), "sab", 2, None, 0.25, None)) == "not finite (0.25 to not finite)"


def test_elsewhere_than_on_a_terminal_each_outcome_is_a_line(board, monkeypatch):
    text = io.StringIO()
    console = Console(file=text, width=40)
    monkeypatch.setattr(sweep_watch, "Console", lambda **_: console)
    with watch_sweep(board) as show:
        board.results[board.points[0].folder] = result(0.25, 0.5)
        show(board.points[0])
        board.errors[board.points[1].folder] = "broke [red]\x1b"
        show(board.points[1])
    assert text.getvalue().splitlines() == [
        "1 of 4 runs done: task.T=5, seed 0: sab error 0.25, lstm error 0.5",
        r"1 of 4 runs done, 1 failed: task.T=5, seed 1: broke [red]\x1b",
    ]
