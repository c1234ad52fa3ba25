"""Equations, run: over symbols or over numbers of fifty digits, as the page has them.

A value is an array of objects, or one object. Its first axes may be indices, by letter: j slots, t steps, l levels, ...
What follows are a vector's or a matrix's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import product
from typing import Any, Protocol

import numpy as np

from sabcore.proofs.grammar import Equation, Tree, bare
from sabcore.proofs.page import Line

#: Indices that a line leaves out where it speaks of one step, one batch row, one level.
_IMPLICIT = "tbl"
_ELEMENTARY = ("tanh", "exp", "log", "sqrt", "sigmoid")


class Numbers(Protocol):
    """What values are made of."""

    def number(self, text: str) -> Any:
        """A number as the page writes it."""
        ...

    def apply(self, function: str, x: Any) -> Any:
        """An elementary function of one object."""
        ...

    def positive(self, x: Any) -> bool:
        """True if x > 0: of a symbol, at the point that stands for its region."""
        ...

    def order(self, scores: Iterable[Any]) -> list[int]:
        """The positions of scores, the largest first; of equal ones the first."""
        ...


class Run:
    """Values by name, and what to do to them line by line.

    `axes` gives the letters of the symbols that have indices, `sizes` what each runs over, `blocks` the names of a
    vector's parts. `functions` are the pages' own: they take the run and whole values, and give whole values. `ranked`
    names the scores that decide ranks.
    """

    def __init__(
        self,
        numbers: Numbers,
        values: Mapping[str, Any],
        axes: Mapping[str, str],
        sizes: Mapping[str, int],
        blocks: Mapping[str, tuple[str, ...]] | None = None,
        functions: Mapping[str, Callable[..., Any]] | None = None,
        ranked: str = "a",
    ) -> None:
        self.numbers, self.axes, self.sizes, self.ranked = numbers, axes, sizes, ranked
        self.blocks, self.functions = blocks or {}, functions or {}
        self.values: dict[str, Any] = {}
        self.bound: dict[str, int] = {}
        for name, value in values.items():
            self.set(name, value)

    def set(self, name: str, value: Any) -> None:
        """A whole value, and its blocks if it has some."""
        self.values[name] = value
        if parts := self.blocks.get(name):
            self.values |= dict(zip(parts, np.split(value, len(parts), axis=-1), strict=True))

    def lines(self, lines: Iterable[Line]) -> Run:
        """Run lines in order; definitions on one line may stand before what they use."""
        for line in lines:
            waiting = list(line.equations)
            while waiting:
                ready = waiting[0] if line.starred else next(e for e in waiting if not _uses(e, waiting))
                self.equation(ready)
                waiting.remove(ready)
        return self

    def equation(self, equation: Equation) -> None:
        """Once for every value of the indices that its targets have."""
        letters = self._loops(equation)
        for at in product(*(range(self.sizes[letter]) for letter in letters)):
            outer, self.bound = self.bound, self.bound | dict(zip(letters, at, strict=True))
            value = self.value(equation.value)
            several = len(equation.targets) > 1
            for place, target in enumerate(equation.targets):
                self._store(target, value[place] if several else _joined(value), equation.op)
            self.bound = outer
        for target in equation.targets:
            if bare(target) in self.blocks:
                self.set(bare(target), self.values[bare(target)])

    def _loops(self, equation: Equation) -> list[str]:
        explicit = [index for target in equation.targets for index in target.parts[1:] if isinstance(index, str)]
        implicit: list[str] = []
        if not (equation.value.op == "call" and equation.value.parts[0] in self.functions):
            implicit = [letter for target in equation.targets for letter in self._implicit(target)]
        return [letter for letter in dict.fromkeys([*implicit, *explicit]) if letter not in self.bound]

    def _implicit(self, target: Tree) -> list[str]:
        """Letters of its axes that a target leaves out, other than slots'."""
        letters = self.axes.get(bare(target), "")
        return [letter for letter in letters[: len(letters) - len(target.parts[1:])] if letter in _IMPLICIT]

    def _place(self, name: str, indices: tuple) -> tuple:
        """Where an element stands: what is given goes to the last of the name's axes; others are bound, or whole."""
        letters = self.axes.get(name, "")
        given: list[Any] = [*letters[: len(letters) - len(indices)], *indices]
        return tuple(self._index(index) for index in given)

    def _index(self, index: Any) -> Any:
        if isinstance(index, str):
            return self.bound.get(index, slice(None))
        if index.op == "at":
            return int(self.value(index.parts[0]))
        (rank,) = index.parts
        return self._by_rank()[int(self.values.get(rank, rank)) - 1]

    def _by_rank(self) -> list[int]:
        return self.numbers.order(self.values[self.ranked])

    def _store(self, target: Tree, value: Any, op: str) -> None:
        name, *indices = target.parts
        place = self._place(name, tuple(indices))
        if all(isinstance(at, slice) for at in place):
            self.values[name] = self.values[name] + value if op == "+=" else value
            return
        if name not in self.values:
            single = [letter for letter, at in zip(self.axes[name], place, strict=True) if not isinstance(at, slice)]
            shape = (*(self.sizes[letter] for letter in single), *np.shape(value))
            self.values[name] = np.full(shape, self.numbers.number("0"), dtype=object)
        else:
            self.values[name] = self.values[name].copy()  # never the array of who made it
        self.values[name][place] = self.values[name][place] + value if op == "+=" else value

    def value(self, tree: Tree) -> Any:
        """The value of a tree under the indices bound now."""
        match tree.op, tree.parts:
            case "number", (text,):
                return self.numbers.number(text)
            case "name", (name, *indices):
                if name not in self.values and name in self.bound:
                    return self.bound[name]
                value, place = self.values[name], self._place(name, tuple(indices))
                return value[place] if place else value
            case "sum", (letters, body):
                return sum(self._over(letters, body))
            case "max", (letters, body):
                values = self._over(letters, body)
                return values[self.numbers.order(values)[0]]
            case "ranked", (rank, Tree(_, (name, *_))):
                return self.values[name][self._by_rank()[int(self.values[rank]) - 1]]
            case "choice", (one, condition, other):
                return self.value(one if self._holds(condition) else other)
            case "tuple", parts:
                return tuple(self.value(part) for part in parts)
            case "transpose", (part,):
                return np.transpose(self.value(part))
            case "negative", (part,):
                return _negated(self.value(part))
            case "call", (function, *arguments):
                return self._call(function, arguments)
            case (("<" | ">" | "=" | "and"), _):
                return self._holds(tree)
            case op, (left, right):
                return self._binary(op, left, right)
        raise ValueError(f"{tree.op} has no value")

    def _over(self, letters: str, body: Tree) -> list[Any]:
        """The body's values over the letters. A step or level that nothing has is one."""
        sizes = [range(self.sizes.get(letter, 1)) for letter in letters]
        found, outer = [], self.bound
        for at in product(*sizes):
            self.bound = outer | dict(zip(letters, at, strict=True))
            found.append(self.value(body))
        self.bound = outer
        return found

    def _holds(self, condition: Tree) -> bool:
        if condition.op == "and":
            return all(self._holds(part) for part in condition.parts)
        if condition.op not in "<>=":
            return bool(self.value(condition))
        left, right = (self.value(part) for part in condition.parts)
        if condition.op == "=":
            return bool(left == right)
        return self.numbers.positive(left - right if condition.op == ">" else right - left)

    def _call(self, function: str, arguments: list[Tree]) -> Any:
        values = [self.value(argument) for argument in arguments]
        if function == "max":
            return values[self.numbers.order(values)[0]]
        if function in self.functions:
            return self.functions[function](self, *values)
        if function not in _ELEMENTARY:
            raise ValueError(f"{function} is no function here")
        applied = tuple(np.vectorize(lambda x: self.numbers.apply(function, x), otypes=[object])(v) for v in values)
        single = [each if each.shape else each.item() for each in applied]
        return single[0] if len(single) == 1 else tuple(single)

    def _binary(self, op: str, left_tree: Tree, right_tree: Tree) -> Any:
        left, right = self.value(left_tree), self.value(right_tree)
        match op:
            case "+" | "-":
                _same_shape(left, right)
                return left + right if op == "+" else left - right
            case "/":
                return left / right
            case "dot":
                return np.dot(left, right)
            case "power":
                return left ** int(right)
            case "mod":
                return int(left) % int(right)
        if right_tree.op == "transpose" and np.ndim(right) == 1:
            return np.multiply.outer(left, right)
        if np.ndim(left) == 2:
            return np.dot(left, right)
        _same_shape(left, right)
        return left * right


def _uses(equation: Equation, waiting: list[Equation]) -> bool:
    """True if it reads what another one that waits is to give."""
    given = {bare(target) for other in waiting if other is not equation for target in other.targets}
    return any(tree.op == "name" and tree.parts[0] in given for tree in equation.value.walk())


def _joined(value: Any) -> Any:
    """Blocks on top of each other."""
    return np.concatenate(value) if isinstance(value, tuple) else value


def _negated(value: Any) -> Any:
    return tuple(-part for part in value) if isinstance(value, tuple) else -value


def _same_shape(left: Any, right: Any) -> None:
    """Only numbers combine with other shapes: what would be broadcast is a mistake on the page."""
    if np.ndim(left) and np.ndim(right) and np.shape(left) != np.shape(right):
        raise ValueError(f"shapes {np.shape(left)} and {np.shape(right)} meet, but should be equal")
