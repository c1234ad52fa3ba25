"""What the derivatives alone do not say: in every form, for either sign of the key, e is tanh(k + q) itself."""

from __future__ import annotations

import pytest

sympy = pytest.importorskip("sympy")

from sabcore.proofs.engine.exponentials import HALVES  # noqa: E402
from sabcore.proofs.half import Case, Half  # noqa: E402
from sabcore.proofs.stage import begin  # noqa: E402
from sabcore.proofs.symbolic import Exp, Symbols, is_zero  # noqa: E402

CASES = [(half, case) for half in HALVES for case in half.cases]


def off_tanh(half: Half, case: Case, definitions: tuple) -> object:
    numbers = Symbols()
    k, q = (numbers.new(name, (), case.point.get(name)) for name in ("k", "q"))
    e = begin(half, case, numbers, {"k": k, "q": q}).lines(definitions).values["e"]
    return (e - sympy.tanh(k + q)).replace(sympy.tanh, lambda z: (Exp(2 * z) - 1) / (Exp(2 * z) + 1))


@pytest.mark.parametrize(("half", "case"), CASES)
def test_e_is_tanh(half: Half, case: Case) -> None:
    assert is_zero(off_tanh(half, case, half.lines.definitions))


@pytest.mark.parametrize(("half", "case"), CASES)
def test_another_function_is_not(half: Half, case: Case) -> None:
    *first, last = half.lines.definitions
    (e,) = last.equations
    wrong = last._replace(equations=(e._replace(value=e.value.parts[0]),))  # one operand alone
    assert not is_zero(off_tanh(half, case, (*first, wrong)))
