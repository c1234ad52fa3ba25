"""Each rule about places by itself: which statements may bear a number, and which numbers are missed."""

from __future__ import annotations

import pytest

from sabcore.proofs.corpus import Corpus, read_corpus
from sabcore.proofs.places import coverage_problems, fast_problems, is_compared, statement_problems

PAGE = "```\nu = 2 x    (Q.1)\ny = u^2    (Q.2)\ndu = 2 dy u   (Q.2*)\ndx = 2 du   (Q.1*)\n```\n"
SOURCE = """
def f(x):
    u = 2 * x  # Q.1
    y = u**2  # Q.2
    return y


def f_backward(dy, u):
    du = 2 * dy * u  # Q.2*
    dx = 2 * du  # Q.1*
    return dx
"""


def corpus(source: str = SOURCE, fast: str = "", page: str = PAGE) -> Corpus:
    sources = {"step/q": source} | ({"engine/cpu/q": fast} if fast else {})
    return read_corpus(sources, {"step/q": page})


def test_a_right_source_breaks_no_rule() -> None:
    assert list(statement_problems(corpus())) == []
    assert list(coverage_problems(corpus())) == []
    assert list(fast_problems(corpus(fast=SOURCE))) == []


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("    y = u**2  # Q.2", "    z = u**2  # Q.2", "bears Q.2, which computes y, but computes z"),
        ("    y = u**2  # Q.2", "    y = u**3  # Q.2", "computes y as u ** 3, but Q.2 says y = u^2"),
        ("    du = 2 * dy * u", "    du = dy * u", "computes du as dy * u, but Q.2* says du = 2 dy u"),
        ("    y = u**2  # Q.2", "    y = 'u'  # Q.2", "step/q:4: cannot be compared with Q.2: 'u'"),
        ("    return dx", "    pass  # Q.1*", "bears Q.1*, which computes dx, but computes nothing"),
    ],
)
def test_a_statement_that_says_something_else_is_named(old: str, new: str, says: str) -> None:
    found = list(statement_problems(corpus(SOURCE.replace(old, new))))
    assert [problem for problem in found if says in problem], found
    assert all(problem.startswith("step/q:") for problem in found)


def test_a_part_of_an_equation_may_bear_its_number_if_a_later_one_uses_it() -> None:
    split = "    square = u**2  # Q.2\n    y = square  # Q.2"
    assert list(statement_problems(corpus(SOURCE.replace("    y = u**2  # Q.2", split)))) == []
    idle = "    square = u**2  # Q.2\n    y = u**2  # Q.2"
    (problem,) = statement_problems(corpus(SOURCE.replace("    y = u**2  # Q.2", idle)))
    assert "bears Q.2, which computes y, but computes square" in problem


def test_another_functions_values_do_not_stand_in() -> None:
    """`u` of the forward pass is no local value of the backward one."""
    other = SOURCE.replace("    du = 2 * dy * u", "    du = dy * twice").replace(
        "def f(x):\n", "def f(x):\n    twice = 2 * u\n"
    )
    assert any("computes du as dy * twice" in problem for problem in statement_problems(corpus(other)))
    same = SOURCE.replace("    du = 2 * dy * u", "    twice = 2 * u\n    du = dy * twice")
    assert list(statement_problems(corpus(same))) == []


def test_the_loops_lines_are_placed_but_not_compared() -> None:
    assert not is_compared("B.3*")
    assert not is_compared("T.2")
    assert is_compared("T.2*")
    assert is_compared("T.1")
    page = PAGE.replace("Q.", "B.")
    assert list(statement_problems(corpus(SOURCE.replace("Q.", "B.").replace("u**2", "u**3"), page=page))) == []
    elsewhere = SOURCE.replace("Q.", "B.").replace("    y = u**2", "    z = u**2")
    assert any("which computes y, but computes z" in each for each in statement_problems(corpus(elsewhere, page=page)))


@pytest.mark.parametrize("tag", ["Q.1", "Q.2", "Q.1*", "Q.2*"])
def test_an_equation_that_no_code_bears_is_missed(tag: str) -> None:
    found = list(coverage_problems(corpus(SOURCE.replace(f"  # {tag}\n", "\n"))))
    assert any(f"bears {tag}" in problem for problem in found), found


def test_a_right_line_elsewhere_is_not_enough_for_a_wrong_page() -> None:
    page = PAGE.replace("y = u^2 ", "y = u^3 ")
    assert "step/q: no code for Q.2 says y = u^3" in list(coverage_problems(corpus(page=page)))


def test_a_fast_engine_is_asked_for_every_number_and_its_place() -> None:
    (problem,) = fast_problems(corpus(fast=SOURCE.replace("  # Q.1*", "")))
    assert problem == "engine/cpu/: bears nowhere Q.1*"
    (problem,) = fast_problems(corpus(fast=SOURCE.replace("    y = u**2", "    z = u**2")))
    assert problem == "engine/cpu/q:4: bears Q.2, which computes y, but writes z"
    assert list(fast_problems(corpus(fast=SOURCE.replace("u**2", "u**3")))) == [], "its formulas are run, not read"
