"""Each exercise is a short file with exactly one line blank, which is the engine's own but for that."""

import ast

import pytest

from sabcore.errors import FormatError
from sabcore.exercise.catalogue import EXERCISES
from sabcore.exercise.sheet import sheet, still_blank, write_sheet
from sabcore.validate.mistakes.build import source

NUMBERS = range(1, len(EXERCISES) + 1)


def blank_line(text):
    (line,) = [line for line in text.splitlines() if line.split("  # ")[0].endswith(("= ...", "return ..."))]
    return line


def engine_line(number):
    (line,) = [
        line for line in source(EXERCISES[number - 1].file).splitlines() if line.endswith(EXERCISES[number - 1].line)
    ]
    return line


def test_there_are_ten_to_fifteen_in_order():
    assert 10 <= len(EXERCISES) <= 15
    assert EXERCISES[0].title == "Differentiate one gate"


@pytest.mark.parametrize("number", NUMBERS)
def test_one_line_is_blank_and_the_rest_is_the_engines(number):
    text = sheet(number)
    assert still_blank(text)
    filled = text.replace(blank_line(text), engine_line(number))
    assert not still_blank(filled)
    ast.parse(filled)
    of_engine = set(source(EXERCISES[number - 1].file).splitlines())
    body = filled.split('"""', 2)[2]
    assert [line for line in body.splitlines() if line and line not in of_engine] == []
    assert len(text.splitlines()) <= 70


def test_nobodys_work_is_overwritten(tmp_path):
    write_sheet(1, tmp_path / "one.py")
    (tmp_path / "one.py").write_text("my answer")
    with pytest.raises(FormatError, match="is there already, and is left as it is"):
        write_sheet(1, tmp_path / "one.py")
    assert (tmp_path / "one.py").read_text() == "my answer"
    (tmp_path / "link.py").symlink_to(tmp_path / "elsewhere.py")
    with pytest.raises(FormatError, match="is there already"):
        write_sheet(1, tmp_path / "link.py")
    assert not (tmp_path / "elsewhere.py").exists()


@pytest.mark.parametrize("number", [0, -1, len(EXERCISES) + 1])
def test_there_is_no_other_number(number):
    with pytest.raises(FormatError, match="there are 1 to"):
        sheet(number)
