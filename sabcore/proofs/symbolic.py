"""Starred formula minus derivative is exactly zero, for symbols instead of numbers (SymPy)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import sympy

from sabcore.proofs.evaluate import Run
from sabcore.proofs.half import Case, Half
from sabcore.proofs.stage import Claim, begin, gradient_of, objective, starred_value


class Sigmoid(sympy.Function):
    """1 / (1 + e^-z), whose derivative `rules` proves."""

    def fdiff(self, argindex: int = 1) -> Any:
        return self * (1 - self)

    def _eval_evalf(self, prec: int) -> Any:
        return (1 / (1 + sympy.exp(-self.args[0])))._eval_evalf(prec)


class Exp(sympy.Function):
    """e^z, taken apart: e^(p + q) = e^p e^q, e^-p = 1 / e^p, e^log p = p."""

    @classmethod
    def eval(cls, z: Any) -> Any:
        if z.is_zero:
            return sympy.Integer(1)
        if z.is_Add:
            return sympy.Mul(*(cls(term) for term in z.args))
        if z.could_extract_minus_sign():
            return 1 / cls(-z)
        return z.args[0] if isinstance(z, sympy.log) else None

    def fdiff(self, argindex: int = 1) -> Any:
        return self

    def _eval_evalf(self, prec: int) -> Any:
        return sympy.exp(self.args[0])._eval_evalf(prec)


class Sqrt(sympy.Function):
    """The root, kept as a function of its own: its square is never needed."""

    def fdiff(self, argindex: int = 1) -> Any:
        return 1 / (2 * self)

    def _eval_evalf(self, prec: int) -> Any:
        return sympy.sqrt(self.args[0])._eval_evalf(prec)


_FUNCTIONS = {"tanh": sympy.tanh, "exp": Exp, "log": sympy.log, "sqrt": Sqrt, "sigmoid": Sigmoid}


class Symbols:
    """Symbols, each with the rational number that decides where it meets a threshold."""

    def __init__(self) -> None:
        self.point: dict[Any, Any] = {}
        self.random = np.random.default_rng(0)

    def new(self, name: str, shape: tuple[int, ...], point: Any = None) -> Any:
        """An array of fresh symbols; without a point, each stands for a random number between -1 and 1."""
        array = np.empty(shape, dtype=object)
        for at in np.ndindex(*shape):
            array[at] = symbol = sympy.Symbol("_".join([name, *map(str, at)]), real=True)
            number = self.random.integers(-99, 100) if point is None else np.asarray(point, dtype=object)[at]
            self.point[symbol] = sympy.Rational(int(number), 100) if point is None else sympy.Rational(str(number))
        return array if shape else array.item()

    def number(self, text: str) -> Any:
        return sympy.Rational(text)

    def apply(self, function: str, x: Any) -> Any:
        return _FUNCTIONS[function](x)

    def at_point(self, x: Any) -> Any:
        return sympy.N(sympy.sympify(x).xreplace(self.point), 30)

    def positive(self, x: Any) -> bool:
        return bool(self.at_point(x) > 0)

    def order(self, scores: Iterable[Any]) -> list[int]:
        points = [self.at_point(score) for score in scores]
        return sorted(range(len(points)), key=lambda at: (-points[at], at))


def is_zero(expression: Any) -> bool:
    """True if an expression in rational operations and functions of symbols vanishes identically."""
    expression = sympy.sympify(expression)
    atoms = expression.atoms(sympy.Function)
    largest_first = sorted(atoms, key=lambda atom: -atom.count_ops())
    for atom in largest_first:
        expression = expression.xreplace({atom: sympy.Dummy()})
    expression = _without_sums_below(expression)
    return sympy.expand(expression) == 0 or sympy.cancel(sympy.together(expression)) == 0


def _without_sums_below(expression: Any) -> Any:
    """Make every sum in a denominator one symbol, by solving it for one of its own: the rest need only be expanded."""
    for below in {power.base for power in expression.atoms(sympy.Pow) if power.exp.is_negative and power.base.is_Add}:
        terms = {term for term in below.args if term.is_Symbol and not (below - term).has(term)}
        symbol = min(terms, key=str, default=None)
        if symbol is not None:
            whole = sympy.Dummy()
            expression = expression.xreplace({below: whole}).xreplace({symbol: whole - (below - symbol)})
    return expression


def prove(half: Half, case: Case, claim: Claim) -> bool:
    """True if the claim's gradient is the derivative, exactly, everywhere in the case's region."""
    numbers = Symbols()
    run = begin(half, case, numbers, _inputs(half, case, numbers))
    definitions = half.lines.definitions
    run.lines(definitions)
    later = {symbol for line in definitions[claim.start :] for symbol in line.symbols}
    parts = {part for names in half.blocks.values() for part in names}
    for name in set(run.values) & set(half.shapes) - later - parts - set(case.constants):
        _set_free(numbers, run, name)
    run.lines(definitions[claim.start :])
    given = {f"d{name}": numbers.new(f"d{name}", half.lengths(f"d{name}", case)) for name in half.outputs}
    got = starred_value(half, case, numbers, run, given, claim)
    symbols = run.values[claim.symbol]
    want = gradient_of(half, claim, [_derivative(level, symbols) for level in objective(half, run, given)])
    same = np.shape(got) == np.shape(want)
    return same and all(is_zero(a - b) for a, b in zip(np.ravel(got), np.ravel(want), strict=True))


def _set_free(numbers: Symbols, run: Run, name: str) -> None:
    """Put fresh symbols in the place of a value: what was computed before the claim's start is held fixed."""
    point = np.vectorize(lambda x: str(numbers.at_point(x)), otypes=[object])(run.values[name])
    run.set(name, numbers.new(name, np.shape(run.values[name]), point))


def _inputs(half: Half, case: Case, numbers: Symbols) -> dict[str, Any]:
    return {
        name: numbers.new(name, half.lengths(name, case), case.point.get(name))
        for name in half.inputs
        if name not in case.constants
    }


def _derivative(level: Any, symbols: Any) -> Any:
    return np.vectorize(lambda symbol: sympy.diff(level, symbol), otypes=[object])(symbols)


def rules() -> bool:
    """The two rules on which the others rest: sigma' = sigma (1 - sigma) and tanh' = 1 - tanh^2."""
    z = sympy.Symbol("z")
    sigma, tanh = 1 / (1 + sympy.exp(-z)), (sympy.exp(z) - sympy.exp(-z)) / (sympy.exp(z) + sympy.exp(-z))
    parts = sympy.diff(sigma, z) - sigma * (1 - sigma), sympy.diff(tanh, z) - (1 - tanh**2)
    return all(sympy.simplify(part) == 0 for part in parts)
