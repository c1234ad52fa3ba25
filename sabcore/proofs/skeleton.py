"""Is a line of code the equation of the page? Both are evaluated with the same random number for each name.

Indices and transposes do not count here, only which names are added, multiplied, and with which sign; every sum is a
factor. What an axis or a transpose does is proved by running page and code (`sab prove`).
"""

from __future__ import annotations

import ast
import math
import random
from collections.abc import Callable, Mapping

from sabcore.proofs.grammar import Tree

_ELEMENTARY: dict[str, Callable[[float], float]] = {
    "tanh": math.tanh,
    "exp": math.exp,
    "log": lambda x: math.log(abs(x)),
    "sqrt": lambda x: math.sqrt(abs(x)),
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
}
#: What code calls a function of the pages. `_backward` at a name's end is the pages' star.
_CALLS = {"weights": "sparsify", "backward": "sparsify*"}
#: What code calls a symbol of the pages.
_SYMBOLS = {"dz_all": "dz", "h_all": "h", "self.cuts(t)": "cut", "y.shape[-1]": "O"}
#: Which element a subscript takes, where that matters.
_ELEMENTS = {"..., :1, :": "(1)", "..., self.rank - 1, :": "(r)", "self.rank - 1": "(r)"}


class UnreadableError(ValueError):
    """Code that cannot be compared with an equation."""


def number(name: str) -> float:
    """The same number for the same name, between 0.5 and 1.5."""
    return 0.5 + random.Random(name).random()


def _choice(condition: float, one: float, other: float) -> float:
    part = math.sin(condition)
    return part * one + (1 - part) * other


def _compared(mark: str, left: float, right: float) -> float:
    return number(mark) * (left - number("right") * right)


def _arithmetic(op: str, left: float, right: float) -> float:
    if op in ("product", "dot"):
        return left * right
    if op in "+-":
        return left + right if op == "+" else left - right
    return {"/": left / right, "power": left**right, "mod": number("mod") * left / right}[op]


def page_value(tree: Tree, at: int = 0) -> float:
    """The value of a page's tree; the `at`-th of several targets takes its own argument of `sigmoid`."""
    match tree.op, tree.parts:
        case "number", (text,):
            return float(text)
        case "name", (name, *indices):
            ranks = [f"({index.parts[0]})" for index in indices if isinstance(index, Tree) and index.op == "rank"]
            return number(name + "".join(ranks))
        case ("sum" | "max") as op, (_, body):
            return number(op) * page_value(body)
        case "ranked", (rank, body):
            return number(f"{body.parts[0]}({rank})")
        case "tuple", items:
            return sum(number(f"item {place}") * page_value(item) for place, item in enumerate(items))
        case "choice", (one, condition, other):
            return _choice(page_value(condition), page_value(one), page_value(other))
        case "and", parts:
            return math.prod(page_value(part) for part in parts)
        case "negative", (part,):
            return -page_value(part)
        case "transpose", (part,):
            return page_value(part)
        case "call", (function, *arguments):
            return _page_call(function, arguments, at)
        case ("<" | ">" | "=") as op, (left, right):
            return _compared(op, page_value(left), page_value(right))
        case op, (left, right):
            return _arithmetic(op, page_value(left), page_value(right))
    raise UnreadableError(tree.op)


def _page_call(function: str, arguments: list[Tree], at: int) -> float:
    if function == "max":  # max(0, x)
        x = page_value(arguments[1])
        return _choice(_compared(">", x, 0), x, 0)
    if function in _ELEMENTARY:
        return _ELEMENTARY[function](page_value(arguments[min(at, len(arguments) - 1)]))
    return number(function) * page_value(arguments[0])


class CodeValue:
    """The value of a Python expression. `inline` are local values that no page names; a contraction is a sum if the
    page's equation has one, and so is a matrix product if it `joins` an index that the page sums over."""

    def __init__(self, inline: Mapping[str, ast.expr], sums: bool, joins: bool = False) -> None:
        self.inline, self.sums, self.joins = inline, sums, joins
        self.contraction, self.matrix_product = (number("sum") if each else 1.0 for each in (sums, joins))

    def __call__(self, node: ast.expr) -> float:
        text = ast.unparse(node)
        if text in _SYMBOLS:
            return number(_SYMBOLS[text])
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        if method is None:
            raise UnreadableError(text)
        return method(node)

    def _constant(self, node: ast.Constant) -> float:
        if not isinstance(node.value, int | float):
            raise UnreadableError(ast.unparse(node))
        return float(node.value)

    def _name(self, node: ast.Name) -> float:
        if node.id in self.inline:
            rest = {name: value for name, value in self.inline.items() if name != node.id}
            return CodeValue(rest, self.sums, self.joins)(self.inline[node.id])
        return number(_SYMBOLS.get(node.id, node.id))

    def _attribute(self, node: ast.Attribute) -> float:
        return self(node.value) if node.attr in ("T", "real") else number(_SYMBOLS.get(node.attr, node.attr))

    def _subscript(self, node: ast.Subscript) -> float:
        if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):  # params["W_ih"]
            return number(node.slice.value)
        element = _ELEMENTS.get(ast.unparse(node.slice).strip("()"))
        if element and isinstance(node.value, ast.Name):
            return number(node.value.id + element)
        return self(node.value)

    def _unaryop(self, node: ast.UnaryOp) -> float:
        if not isinstance(node.op, ast.USub):
            raise UnreadableError(ast.unparse(node))
        return -self(node.operand)

    def _binop(self, node: ast.BinOp) -> float:
        marks = {ast.Add: "+", ast.Sub: "-", ast.Mult: "product", ast.MatMult: "product", ast.Div: "/"}
        marks |= {ast.Pow: "power", ast.Mod: "mod"}
        value = _arithmetic(marks[type(node.op)], self(node.left), self(node.right))
        return self.matrix_product * value if isinstance(node.op, ast.MatMult) else value

    def _boolop(self, node: ast.BoolOp) -> float:
        return math.prod(self(part) for part in node.values)

    def _compare(self, node: ast.Compare) -> float:
        if isinstance(node.ops[0], ast.IsNot | ast.Is):
            return 1.0
        marks: dict[type, str] = {ast.Gt: ">", ast.Lt: "<", ast.Eq: "="}
        return _compared(marks[type(node.ops[0])], self(node.left), self(node.comparators[0]))

    def _ifexp(self, node: ast.IfExp) -> float:
        if ast.unparse(node.test).endswith(" is None"):
            return self(node.orelse)
        return _choice(self(node.test), self(node.body), self(node.orelse))

    def _tuple(self, node: ast.Tuple) -> float:
        return sum(number(f"item {at}") * self(item) for at, item in enumerate(node.elts))

    def _call(self, node: ast.Call) -> float:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
        if name in ("sum", "max", "copy", "reshape", "transpose") and isinstance(node.func, ast.Attribute):
            return (number(name) if name in ("sum", "max") else 1.0) * self(node.func.value)
        if name in ("einsum", "outer_sum", "each_times"):
            factors = math.prod(self(argument) for argument in node.args[name == "einsum" :])
            return (self.matrix_product if name == "each_times" else self.contraction) * factors
        return self._function(name, node.args)

    def _function(self, name: str, arguments: list[ast.expr]) -> float:
        if name == "where":
            condition, one, other = arguments
            if isinstance(condition, ast.Name):  # a mask of zeros and ones
                return number(condition.id) * self(one) + (1 - number(condition.id)) * self(other)
            return _choice(self(condition), self(one), self(other))
        if name == "zeros_like":
            return 0.0
        if name in ("concatenate", "split_heads", "join_heads"):  # the same numbers in another order
            return self(arguments[0])
        if name in _ELEMENTARY:
            return _ELEMENTARY[name](self(arguments[0]))
        return number(_CALLS.get(name, name.replace("_backward", "*"))) * self(arguments[0])
