"""The tables of docs/reproduce.md are what was recorded."""

import shutil
from pathlib import Path

from click.testing import CliRunner

from sabcore.reproduce import figures
from sabcore.reproduce.figures import MARKED, PAGE, expected, markdown
from sabcore.reproduce.table import known
from tests.reproduce.test_summary import result
from tests.reproduce.test_table import SMALL

ROOT = Path(__file__).parents[2]


def test_the_page_says_what_was_recorded_and_leaves_no_table_out():
    page = (ROOT / PAGE).read_text(encoding="utf-8")
    assert page == expected(ROOT), "run python -m sabcore.reproduce.figures"
    assert sorted(mark[2] for mark in MARKED.finditer(page)) == known()


def test_a_changed_figure_is_noticed_and_written_again(tmp_path):
    page = tmp_path / PAGE
    page.parent.mkdir()
    shutil.copy(ROOT / PAGE, page)
    right = page.read_text(encoding="utf-8")
    page.write_text(right.replace("| SAB (`paper`)", "| SAB (`papers`)", 1), encoding="utf-8")
    assert page.read_text(encoding="utf-8") != right == expected(tmp_path)
    assert CliRunner().invoke(figures.main, ["--root", str(tmp_path)]).exit_code == 0
    assert page.read_text(encoding="utf-8") == right


def test_a_table_for_a_page():
    lines = markdown(SMALL, [result("sab", 0, {"a": 0.75, "b": 0.1})]).splitlines()
    assert lines[2] == "| system | T = 3 | T = 5 | T = 4 | updates, on one core |"
    assert lines[4] == (
        "| SAB | 75.0%<br>1 of 1 seed | 10.0%<br>0 of 1 seed<br>published: 25.0% | "
        "not run: the time went to other cells | 10 in 2 s |"
    )
    assert lines[-1] == "What differs: "
