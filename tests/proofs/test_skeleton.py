"""Code and page are one number where they say the same, and two where they do not."""

from __future__ import annotations

import ast
import math

import pytest

from sabcore.proofs.grammar import parse_line
from sabcore.proofs.skeleton import CodeValue, UnreadableError, number, page_value


def page(text: str, at: int = 0) -> float:
    (equation,) = parse_line(f"u = {text}", frozenset("io"))
    return page_value(equation.value, at)


def code(text: str, sums: bool = False, joins: bool = False, **inline: str) -> float:
    values = {name: ast.parse(value, mode="eval").body for name, value in inline.items()}
    return CodeValue(values, sums, joins)(ast.parse(text, mode="eval").body)


SAME = [
    ("W x + b", "x @ W.T + b"),
    ("W^T dz", "dz @ W"),
    ("a - b c / 2", "a - b * c / 2"),
    ("-x", "-x[..., None]"),
    ("1 - g^2", "1 - g**2"),
    ("tanh(k + q)", "xp.tanh(k + q[None])"),
    ("a if a > 0 else b", "xp.where(a > 0, a, b)"),
    ("a if a > 0 else b", "a if a > 0 else b"),
    ("a_(r)", "a[self.rank - 1]"),
    ("W_ih x", 'params["W_ih"] @ x'),
    ("(z, g)", "(z, g)"),
    ("sparsify(a)", "sparsifier.weights(a)"),
    ("sparsify*(dw)", "sparsifier.backward(dw, a, w)"),
    ("t mod k_att", "t % k_att"),
    ("0", "xp.zeros_like(x)"),
    ("(z, g)", "xp.concatenate((z, g))"),
]


@pytest.mark.parametrize(("equation", "line"), SAME)
def test_the_same_is_the_same_number(equation: str, line: str) -> None:
    assert math.isclose(page(equation), code(line), rel_tol=1e-12)


@pytest.mark.parametrize(
    ("equation", "line"),
    [
        ("W x + b", "x @ W.T - b"),
        ("W x + b", "x @ W.T"),
        ("W x + b", "x @ V.T + b"),
        ("a - b c / 2", "a - b * c"),
        ("1 - g^2", "1 - g"),
        ("1 - g^2", "1 + g**2"),
        ("tanh(k + q)", "xp.exp(k + q)"),
        ("a if a > 0 else b", "xp.where(a > 0, b, a)"),
        ("a if a > 0 else b", "xp.where(a < 0, a, b)"),
        ("a_(r)", "a[..., :1, :]"),
        ("sum_j w_j m_j", "w * m"),
        ("(z, g)", "(g, z)"),
        ("sparsify*(dw)", "sparsifier.weights(dw)"),
        ("x", "-x"),
        ("2 x", "3 * x"),
    ],
)
def test_another_is_another_number(equation: str, line: str) -> None:
    assert not math.isclose(page(equation), code(line, sums="sum" in equation), rel_tol=1e-6)


def test_a_contraction_is_the_pages_sum() -> None:
    for line in ('xp.einsum("j,jh->h", w, m)', "(w * m).sum(axis=0)"):
        assert math.isclose(page("sum_j w_j m_j"), code(line, sums=True), rel_tol=1e-12)
    assert not math.isclose(page("sum_j w_j m_j"), code('xp.einsum("j,jh->h", w, m)', sums=False), rel_tol=1e-6)
    assert math.isclose(page("sum_j w_j m_j"), code("w @ m", sums=True, joins=True), rel_tol=1e-12)
    assert not math.isclose(page("sum_j w_j m_j"), code("w @ m", sums=True), rel_tol=1e-6)


def test_the_second_of_two_targets_takes_its_own_argument() -> None:
    assert math.isclose(page("sigmoid(z_i, z_f)", at=0), code("sigmoid(z)"), rel_tol=1e-12)
    (equation,) = parse_line("i, f = sigmoid(p, q)", frozenset())
    assert math.isclose(page_value(equation.value, 1), code("sigmoid(q)"), rel_tol=1e-12)


def test_a_local_value_stands_for_what_it_is() -> None:
    assert math.isclose(page("a b + a"), code("a * c", c="b + 1"), rel_tol=1e-12)
    assert math.isclose(code("c", c="c * 2"), 2 * number("c"), rel_tol=1e-12), "not for ever"


def test_a_names_number_is_its_own_and_always_the_same() -> None:
    assert number("W_ih") == number("W_ih") != number("W_hh")
    assert all(0.5 <= number(name) <= 1.5 for name in "abcdefgh")


@pytest.mark.parametrize("line", ["not a", "'text'", "[a, b]", "lambda: a"])
def test_code_that_says_no_equation_is_named(line: str) -> None:
    with pytest.raises(UnreadableError, match=r"not a|'text'|\[a, b\]|lambda: a"):
        code(line)
