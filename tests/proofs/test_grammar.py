"""The notation of the pages: what each form means, and that nothing unknown is read as something else."""

from __future__ import annotations

import pytest

from sabcore.proofs.grammar import GrammarError, Tree, bare, parse_line


def name(text: str, *indices: object) -> Tree:
    return Tree("name", (text, *indices))


A, B, C = name("a"), name("b"), name("c")
ONE, TWO = Tree("number", ("1",)), Tree("number", ("2",))


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a b / c", Tree("/", (Tree("product", (A, B)), C))),
        ("a - b - c", Tree("-", (Tree("-", (A, B)), C))),
        ("a (1 - b^2)", Tree("product", (A, Tree("-", (ONE, Tree("power", (B, TWO))))))),
        ("-a b", Tree("negative", (Tree("product", (A, B)),))),
        ("W_hh^T dz", Tree("product", (Tree("transpose", (name("W_hh"),)), name("dz")))),
        ("w_a . e_j", Tree("dot", (name("w_a"), name("e", "j")))),
        ("sum_j v_j + b", Tree("+", (Tree("sum", ("j", name("v", "j"))), B))),
        ("sum_j a_j b / c", Tree("/", (Tree("sum", ("j", Tree("product", (name("a", "j"), B)))), C))),
        ("the r-th largest a_j", Tree("ranked", ("r", name("a", "j")))),
        ("da_(r)", name("da", Tree("rank", ("r",)))),
        ("h_{t-1}", name("h", Tree("at", (Tree("-", (name("t"), Tree("number", ("1",)))),)))),
        ("da_lj", name("da", "l", "j")),
        ("dW_ih", name("dW_ih")),
        ("z_i", name("z_i")),
        ("a if b > c else 0", Tree("choice", (A, Tree(">", (B, C)), Tree("number", ("0",))))),
        ("score*(da)", Tree("call", ("score*", name("da")))),
        ("(a, b)", Tree("tuple", (A, B))),
    ],
)  # fmt: skip
def test_a_form_is_read(text: str, tree: Tree) -> None:
    (equation,) = parse_line(f"x = {text}")
    assert equation.value == tree


def test_a_letter_that_a_sum_binds_on_the_page_is_an_index() -> None:
    (equation,) = parse_line("w_j = z_i", frozenset("i"))
    assert equation.value == name("z", "i")


def test_several_equations_share_a_line() -> None:
    first, second, third = parse_line("i, f = sigmoid(z_i, z_f),  ds[loss] += a,  u = b")
    assert [bare(target) for target in first.targets] == ["i", "f"]
    assert (second.op, third.op) == ("+=", "=")
    assert third.value == B


@pytest.mark.parametrize(
    "line",
    [
        "",
        "a",
        "a =",
        "a = b,",
        "a b = c",
        "a = (b",
        "a = b)",
        "a = sum b",
        "a = b ? c",
        "a = tanh b",
        "1 = a",
    ],
)
def test_what_the_notation_does_not_cover_is_refused(line: str) -> None:
    with pytest.raises(GrammarError):
        parse_line(line)
