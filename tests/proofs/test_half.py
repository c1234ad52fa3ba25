"""A half's symbols: their indices, their sizes, and which lines of the page are its own."""

from __future__ import annotations

from sabcore.proofs import half as halves
from sabcore.proofs.half import Case, Half, page_lines, select
from sabcore.proofs.page import read_page

TOY = Half(
    page="step/toy",
    letter="Q",
    shapes={"W": "4H I", "x": "t I", "y": "t H", "eps": "", "dx": "l t I"},
    inputs=("W", "x"),
    outputs=("y",),
    sizes={"t": 2, "l": 3, "H": 5, "I": 7},
    engine=lambda values, case: {},
)
PAGE = "```\ny = x (Q.1)\nz = y (Q.2) (Z.1)\ndy = dz (Z.1*) (Q.2*)\ndx = dy (Q.1*)\nlost\n```\n"


def test_a_gradient_is_like_its_symbol_unless_it_says_so() -> None:
    assert TOY.shape("dW") == TOY.shape("W") == ["4H", "I"]
    assert TOY.shape("dy") == ["t", "H"]
    assert TOY.shape("dx") == ["l", "t", "I"]
    assert TOY.shape("deps") == []


def test_small_letters_are_indices() -> None:
    want = {"W": "", "x": "t", "y": "t", "eps": "", "dx": "lt", "dW": "", "dy": "t", "deps": ""}
    assert {name: TOY.axes[name] for name in want} == want


def test_a_case_may_have_sizes_of_its_own() -> None:
    assert TOY.lengths("W", Case("general")) == (20, 7)
    assert TOY.lengths("dx", Case("wide", sizes={"I": 4, "t": 6})) == (3, 6, 4)
    assert TOY.lengths("eps", Case("general")) == ()


def test_its_lines_are_those_whose_first_number_has_its_letter(monkeypatch) -> None:
    monkeypatch.setattr(halves, "page_text", {"step/toy": PAGE}.__getitem__)
    assert [line.text for line in TOY.lines.definitions] == ["y = x", "z = y"]
    assert [line.text for line in TOY.lines.starred] == ["dx = dy"]
    assert TOY.lines.problems == ("'lost' bears no number",)
    assert [line.text for line in select(read_page(PAGE), "Z").starred] == ["dy = dz"]


def test_a_numbers_lines_are_found_on_the_page_itself() -> None:
    (line,) = page_lines("step/lstm", "L.5", False)
    assert line.symbols == ("hhat", "u")
    assert page_lines("step/lstm", "L.5", True)
    assert all(line.starred and "L.5" in line.tags for line in page_lines("step/lstm", "L.5", True))
    assert page_lines("step/lstm", "A.1", False) == ()
