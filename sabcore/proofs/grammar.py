"""One line of equations, as pages and docstrings write it, turned into trees. The whole notation:

a b, a / b, a . b       product, quotient, inner product; `W x` with a matrix W is a matrix product
a^2, W^T                power, transpose
sum_j a_j b_j           sum over j; it takes the whole product after it, but no quotient. Likewise max_o y_o
tanh(x), f*(dy)         a function; the vector-Jacobian product of f
w_j, h_{t-1}, dh[slot]  an element. j, t and l are indices, other letters if a sum or a max on the page binds them
a_(r), the r-th largest a_j   the element at rank r
(p, q)                  a tuple, or blocks on top of each other
p if a > b else q       also with < and =, joined by `and`, and with `mod`
p, q = ...,  x += ...   several equations share a line, with commas between them
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

FUNCTIONS = frozenset(  # `max` is read apart
    "tanh exp log sqrt sigmoid lstm_step recall readout score sparsify key query "
    "layer_norm attention feed_forward blocks".split()
)
_TOKEN = re.compile(
    r"\s*(?P<rank>the [\w]+-th largest)|\s*(?P<number>\d+(?:\.\d+)?)"
    r"|\s*(?P<name>[A-Za-z]\w*?_\{[^}]*\}|[A-Za-z]\w*?_\(\w+\)|[A-Za-z]\w*)|\s*(?P<mark>\+=|\^T\b|[-+*/^.,=<>()\[\]])"
)


class GrammarError(ValueError):
    """A line that the notation does not cover."""


class Tree(NamedTuple):
    """An operation and its parts: other trees, names, or numbers as text."""

    op: str
    parts: tuple

    def walk(self) -> Iterator[Tree]:
        """This tree and all below it."""
        yield self
        for part in self.parts:
            if isinstance(part, Tree):
                yield from part.walk()


class Equation(NamedTuple):
    """`targets` are names, or elements of them; `op` is "=" or "+="; several targets share one value."""

    targets: tuple[Tree, ...]
    op: str
    value: Tree


def bound_letters(text: str) -> frozenset[str]:
    """The letters that a sum or a max somewhere in `text` runs over: on that page they are indices."""
    return frozenset("".join(re.findall(r"\b(?:sum|max)_([a-z]+)\b", text)))


def parse_line(line: str, letters: frozenset[str] = frozenset()) -> list[Equation]:
    """One line's equations, in the order in which they stand; `letters` are indices besides j, t, l. GrammarError."""
    equations: list[Equation] = []
    targets: list[Tree] = []
    reader = _Reader(line, letters)
    while True:
        targets.append(reader.symbol())
        if reader.take("="):
            equations.append(Equation(tuple(targets), "=", reader.expression()))
            targets = []
        elif reader.take("+="):
            equations.append(Equation(tuple(targets), "+=", reader.expression()))
            targets = []
        if reader.done():
            break
        reader.expect(",")
    if targets or not equations:
        raise GrammarError(f"{line!r} should end with an equation")
    return equations


def bare(tree: Tree) -> str:
    """The name of a target or symbol without its indices."""
    if tree.op != "name":
        raise GrammarError(f"{tree} should be a name")
    return tree.parts[0]


class _Reader:
    """Recursive descent over the tokens of one line."""

    def __init__(self, line: str, letters: frozenset[str]) -> None:
        self.line, self.at, self.tokens = line, 0, list(_tokens(line))
        self.letters = frozenset("jtl") | letters

    def done(self) -> bool:
        return self.at == len(self.tokens)

    def peek(self) -> tuple[str, str]:
        return ("end", "") if self.done() else self.tokens[self.at]

    def take(self, mark: str) -> bool:
        found = self.peek() in (("mark", mark), ("name", mark))
        self.at += found
        return found

    def expect(self, mark: str) -> None:
        if not self.take(mark):
            raise GrammarError(f"{self.line!r} has {self.peek()[1]!r} where {mark!r} should be")

    def expression(self) -> Tree:
        """A value, or a choice between two."""
        value = self.condition()
        if not self.take("if"):
            return value
        condition = self.condition()
        self.expect("else")
        return Tree("choice", (value, condition, self.expression()))

    def condition(self) -> Tree:
        parts = [self.comparison()]
        while self.take("and"):
            parts.append(self.comparison())
        return parts[0] if len(parts) == 1 else Tree("and", tuple(parts))

    def comparison(self) -> Tree:
        left = self.sum()
        for mark in "<>=":
            if self.take(mark):
                return Tree(mark, (left, self.sum()))
        return left

    def sum(self) -> Tree:
        value = Tree("negative", (self.term(),)) if self.take("-") else self.term()
        while self.peek() in (("mark", "+"), ("mark", "-")):
            op = "+" if self.take("+") else "-"
            self.at += op == "-"
            value = Tree(op, (value, self.term()))
        return value

    def term(self) -> Tree:
        value = self.factor()
        while True:
            if self.take("/"):
                value = Tree("/", (value, self.factor()))
            elif self.take("."):
                value = Tree("dot", (value, self.factor()))
            elif self.take("mod"):
                value = Tree("mod", (value, self.factor()))
            elif self._starts_factor():
                value = Tree("product", (value, self.factor()))
            else:
                return value

    def _starts_factor(self) -> bool:
        kind, text = self.peek()
        return kind in ("number", "rank") or text == "(" or (kind == "name" and text not in ("if", "else", "and"))

    def factor(self) -> Tree:
        value = self.atom()
        while True:
            if self.take("^"):
                value = Tree("power", (value, self.atom()))
            elif self.take("^T"):
                value = Tree("transpose", (value,))
            else:
                return value

    def atom(self) -> Tree:
        kind, text = self.peek()
        if kind == "number":
            self.at += 1
            return Tree("number", (text,))
        if kind == "rank":
            self.at += 1
            return Tree("ranked", (text.split()[1].removesuffix("-th"), self.symbol()))
        if self.take("("):
            return self._rest_of_tuple()
        if kind == "name":
            return self.named()
        raise GrammarError(f"{self.line!r} has {text!r} where a value should be")

    def _rest_of_tuple(self) -> Tree:
        items = [self.expression()]
        while self.take(","):
            items.append(self.expression())
        self.expect(")")
        return items[0] if len(items) == 1 else Tree("tuple", tuple(items))

    def named(self) -> Tree:
        text = self.tokens[self.at][1]
        if found := re.fullmatch(r"(sum|max)_([a-z]+)", text):
            self.at += 1
            return Tree(found[1], (found[2], self._chain()))
        if text in FUNCTIONS or text == "max":
            return self.call(text)
        return self.symbol()

    def call(self, function: str) -> Tree:
        self.at += 1
        starred = "*" if self.take("*") else ""
        self.expect("(")
        arguments = self._rest_of_tuple()
        items = arguments.parts if arguments.op == "tuple" else (arguments,)
        return Tree("call", (function + starred, *items))

    def _chain(self) -> Tree:
        """What a sum takes: the product after it, up to the next sign or quotient."""
        value = self.factor()
        while True:
            if self.take("."):
                value = Tree("dot", (value, self.factor()))
            elif self._starts_factor():
                value = Tree("product", (value, self.factor()))
            else:
                return value

    def symbol(self) -> Tree:
        kind, text = self.peek()
        if kind != "name" or text in ("sum", "max"):
            raise GrammarError(f"{self.line!r} has {text!r} where a name should be")
        self.at += 1
        name, indices = self._split(text)
        if self.take("["):
            indices = (*indices, Tree("at", (self.sum(),)))
            self.expect("]")
        return Tree("name", (name, *indices))

    def _split(self, text: str) -> tuple[str, tuple]:
        """`da_lj` -> da and the indices l, j; `h_{t-1}`; `a_(r)`; `dW_ih`, whose ih is no index, stays whole."""
        if found := re.fullmatch(r"(\w+?)_\{(.*)\}", text):
            return found[1], (Tree("at", (_Reader(found[2], self.letters).sum(),)),)
        if found := re.fullmatch(r"(\w+?)_\((\w+)\)", text):
            return found[1], (Tree("rank", (found[2],)),)
        name, _, letters = text.rpartition("_")
        if name and letters and set(letters) <= self.letters:
            return name, tuple(letters)
        return text, ()


def _tokens(line: str) -> Iterator[tuple[str, str]]:
    at, line = 0, line.rstrip()
    while at < len(line):
        found = _TOKEN.match(line, at)
        if not found or not found.lastgroup:
            raise GrammarError(f"{line!r} has {line[at:].split()[0]!r}, which the notation does not know")
        yield found.lastgroup, found[found.lastgroup]
        at = found.end()
