"""Which names a tagged statement of Python computes, and from what."""

from __future__ import annotations

import ast

import pytest

from sabcore.proofs.source import arrow_names, computes, read_python, tagged_lines, target_name

TEXT = '''
"""z = W x   (L.1)   and words"""
W = 1  # L.1


def step(x, h):
    """x (B,I) -> hhat (B,H), c_new. More words -> none.

    u = tanh(x)     (L.2)
    du = 1          (L.2*)
    """
    inner = x + h
    if x:
        u = tanh(inner)  # L.2, L.3; in passing
    return (
        u * 2,  # L.4*
        u,
    )


class Rule:
    def step(self, x):
        return x, x + 1  # L.5
'''


def test_a_source_is_read() -> None:
    source = read_python(TEXT)
    assert source.equations == [("L.1", "z = W x"), ("L.2", "u = tanh(x)")]
    found = [(each.line, each.tags, each.function, set(each.computed)) for each in source.statements]
    assert found == [
        (3, ("L.1",), "the module", {"W"}),
        (14, ("L.2", "L.3"), "step (line 6)", {"u"}),
        (15, ("L.4*",), "step (line 6)", {"hhat", "c_new"}),
        (23, ("L.5",), "step (line 22)", {"hhat", "c_new"}),  # a method without words has its protocol's
    ]
    assert {name: ast.unparse(value) for name, value in source.locals["step (line 6)"].items()} == {"inner": "x + h"}
    (u,) = [each for each in source.statements if each.line == 14]
    assert u.uses == {"u", "tanh", "inner"}


def test_a_comment_that_belongs_to_no_statement_is_kept() -> None:
    (statement,) = read_python("# L.7 in passing\n").statements
    assert (statement.tags, statement.function, statement.computed) == (("L.7",), "no statement", {})


def test_numbers_in_strings_are_no_tags() -> None:
    assert list(tagged_lines('a = "# L.1"\nb = 2  # L.2* and L.3, not xL.4\n')) == [(2, ["L.2*", "L.3"])]


@pytest.mark.parametrize(
    ("docstring", "names"),
    [
        ("x (B,I) -> dz (B,4H), dh dc (B,H).", ["dz", "dh", "dc"]),
        ("x -> y. And z -> w.", ["y"]),
        ("No arrow.", []),
    ],
)
def test_what_an_arrow_names(docstring: str, names: list[str]) -> None:
    assert arrow_names(docstring) == names


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("a = b", {"a": "b"}),
        ("a, b = c, d", {"a": "c", "b": "d"}),
        ("a, b = f(c)", {"a": "f(c)", "b": "f(c)"}),
        ("a += b", {"a": "b"}),
        ("a -= b", {"a": "a - b"}),
        ("a *= b", {"a": "a * b"}),
        ("grad.dM[r, j] = b", {"dM": "b"}),
        ("fill(a, out.b)", {"a": None, "b": None}),
        ('grads = {"V_h": a @ b, "d": done}', {"grads": "{'V_h': a @ b, 'd': done}", "dV_h": "a @ b"}),
        ("return b, None, {'w': c + 1}", {"y": "b", "dw": "c + 1", "v": "{'w': c + 1}"}),
        ("return u, v", {"y": "u", "u_": "v"}),
        ("pass", {}),
    ],
)
def test_what_a_statement_computes(code: str, names: dict[str, str | None]) -> None:
    returned = ["y", "u_", "v"]
    (node,) = ast.parse(f"def f():\n    {code}\n").body[0].body  # type: ignore[attr-defined]
    found = {name: None if value is None else ast.unparse(value) for name, value in computes(node, returned).items()}
    assert found == names


def test_what_is_returned_by_its_own_name_is_not_computed_there() -> None:
    (node,) = ast.parse("def f():\n    return y, 2 * v\n").body[0].body  # type: ignore[attr-defined]
    assert set(computes(node, ["y", "v"])) == {"v"}


@pytest.mark.parametrize(
    ("code", "name"),
    [("a", "a"), ("a[..., r - 1, :]", "a"), ("a.b", "b"), ("a.b.T", "b"), ("a.reshape(n)", "a"), ("f(a, b)", "a"),
     ("a + b", "")],
)  # fmt: skip
def test_whose_array_it_is(code: str, name: str) -> None:
    assert target_name(ast.parse(code, mode="eval").body) == name
