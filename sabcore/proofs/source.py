"""The tagged statements of the code: which names each computes, and from what.

A comment `# L.4` marks the statement that computes what equation L.4 defines, `# L.4*` one of its backward. What a
`return` computes is named by the function's docstring, after its arrow; a method without one has its
protocol's, and a function without any computes its own name.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from sabcore.proofs.page import tagged_text

TAG = re.compile(r"\b[A-Z]\.\d+\b\*?")


class Statement(NamedTuple):
    """`computed`: names, each with the expression it gets, None where that is not one; `uses`: names it reads."""

    line: int
    tags: tuple[str, ...]
    function: str
    computed: dict[str, ast.expr | None]
    uses: frozenset[str]


class Source(NamedTuple):
    """One file: equations that docstrings define, as (tag, text), tagged statements, and untagged local values."""

    equations: list[tuple[str, str]]
    statements: list[Statement]
    locals: dict[str, dict[str, ast.expr]]  # by function


@cache
def read_python(text: str) -> Source:
    """A module's source -> its tags."""
    tree = ast.parse(text)
    owners = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module)]
    docstrings = [line for node in owners for line in (ast.get_docstring(node) or "").splitlines()]
    found = [tagged_text(line) for line in docstrings]
    equations = [(tag, each[0]) for each in found if each and not each[2] for tag in each[1]]
    functions = [node for node in owners if isinstance(node, ast.FunctionDef)]
    contracts = {node.name: ast.get_docstring(node) or "" for node in functions if ast.get_docstring(node)}
    tags = dict(tagged_lines(text))
    statements: list[Statement] = []
    local: dict[str, dict[str, ast.expr]] = {}
    scopes: list[ast.FunctionDef | ast.Module] = [*functions, tree]
    for function in scopes:
        own = "" if isinstance(function, ast.Module) else function.name
        name = f"{own} (line {function.lineno})" if isinstance(function, ast.FunctionDef) else "the module"
        returned = arrow_names(ast.get_docstring(function) or contracts.get(own, "")) or [own]
        local[name] = {}
        for node in _simple_statements(function):
            here = [tag for line in range(node.lineno, (node.end_lineno or 0) + 1) for tag in tags.pop(line, ())]
            computed = computes(node, returned)
            if here:
                statements.append(Statement(node.lineno, tuple(here), name, computed, frozenset(_names(node))))
            else:
                local[name].update({key: value for key, value in computed.items() if value is not None})
    statements += [Statement(line, tuple(found), "no statement", {}, frozenset()) for line, found in tags.items()]
    return Source(equations, sorted(statements), local)


def tagged_lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """The line number and the tags of every comment that mentions some."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT and (tags := TAG.findall(token.string)):
            yield token.start[0], tags


def arrow_names(docstring: str) -> list[str]:
    """The names of what a function returns: "x (B,I) -> dz (B,4H), dh dc (B,H)." gives dz, dh, dc."""
    _, _, after = docstring.partition("->")
    return re.findall(r"[A-Za-z]\w*", re.sub(r"\([^)]*\)", " ", after.split(". ")[0]))


def _simple_statements(function: ast.AST) -> Iterator[ast.stmt]:
    """The statements of a function that hold no others, those of functions inside it left out; docstrings too."""
    for node in ast.iter_child_nodes(function):
        if isinstance(node, ast.FunctionDef):
            continue
        if isinstance(node, ast.stmt) and not hasattr(node, "body"):
            yield node
        else:
            yield from _simple_statements(node)


def _names(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            yield part.id
        elif isinstance(part, ast.Attribute):
            yield part.attr


def computes(node: ast.stmt, returned: list[str]) -> dict[str, ast.expr | None]:
    """The names that a statement computes. A call that stands alone may write to any of its arguments."""
    if isinstance(node, ast.Assign):
        return _pairs(node.targets[0], node.value)
    if isinstance(node, ast.AugAssign):
        value = ast.BinOp(node.target, node.op, node.value) if isinstance(node.op, ast.Sub | ast.Mult) else node.value
        return {target_name(node.target): value}
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return {name: None for argument in node.value.args if (name := target_name(argument))}
    if isinstance(node, ast.Return) and node.value is not None:
        values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
        found = {name: value for name, value in zip(returned, values, strict=False) if not _is_known(value, name)}
        return found | _entries(node.value)
    return {}


def _pairs(target: ast.expr, value: ast.expr) -> dict[str, ast.expr | None]:
    if isinstance(target, ast.Tuple):
        if isinstance(value, ast.Tuple) and len(value.elts) == len(target.elts):
            values = value.elts
        else:
            values = [value] * len(target.elts)
        return {target_name(each): one for each, one in zip(target.elts, values, strict=True)}
    return {target_name(target): value, **_entries(value)}


def _entries(value: ast.expr) -> dict[str, ast.expr | None]:
    """A dictionary's entry under "V_h" is the gradient dV_h, unless it was computed elsewhere."""
    return {
        f"d{key.value!s}": entry
        for part in ast.walk(value)
        if isinstance(part, ast.Dict)
        for key, entry in zip(part.keys, part.values, strict=True)
        if isinstance(key, ast.Constant) and not isinstance(entry, ast.Name)
    }


def _is_known(node: ast.expr, name: str) -> bool:
    """True if a returned value was computed before, or is None."""
    return ast.unparse(node) in (name, "None")


def target_name(node: ast.expr) -> str:
    """`grad.dM[r, j]` -> dM, `da[..., self.rank - 1, :]` -> da, `dx.reshape(n)` -> dx; "" for other expressions."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Subscript):
        return target_name(node.value)
    if isinstance(node, ast.Call):  # `dx.reshape(n)`, `block_of(tape, b)`: still the same array
        return target_name(node.func.value if isinstance(node.func, ast.Attribute) else node.args[0])
    if isinstance(node, ast.Attribute):
        return target_name(node.value) if node.attr == "T" else node.attr
    return ""
