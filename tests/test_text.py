"""Text from elsewhere cannot colour, erase or forge lines of the output."""

import pytest

from sabcore.text import error_line, one_line, printable

HOSTILE = "a\x1b[31mred\n\rpassed  b\x07\u202ec\udcff"


@pytest.mark.parametrize("make", [printable, one_line, lambda text: error_line(ValueError(text))])
def test_nothing_unprintable_is_left(make):
    assert make(HOSTILE).isprintable()
    assert "\\x1b[31mred" in make(HOSTILE)


def test_printable_spells_a_newline_out_and_keeps_the_rest():
    assert printable("grüße\nB") == "grüße\\nB"


def test_one_line_joins_lines_and_is_cut():
    assert one_line("first\n   second") == "first second"
    assert one_line("x" * 400) == "x" * 297 + "..."
    assert one_line("x" * 300) == "x" * 300


def test_a_foreign_error_says_its_type():
    assert error_line(KeyError("gone")) == "KeyError: 'gone'"
    assert error_line(ValueError()) == "ValueError"
    assert len(error_line(ValueError("x" * 999), 200)) == 200
