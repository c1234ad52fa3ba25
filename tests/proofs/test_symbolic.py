"""Zero is zero and nothing else is; a wrong formula is not proved."""

from __future__ import annotations

from dataclasses import replace

import pytest

sympy = pytest.importorskip("sympy")

from sabcore.proofs import half as halves  # noqa: E402
from sabcore.proofs.stage import claims  # noqa: E402
from sabcore.proofs.step.sparsify import THRESHOLD  # noqa: E402
from sabcore.proofs.symbolic import Exp, Sigmoid, is_zero, prove, rules  # noqa: E402

a, b, c = sympy.symbols("a b c", real=True)


@pytest.mark.parametrize(
    ("expression", "zero"),
    [
        ((a + b) ** 2 - a**2 - 2 * a * b - b**2, True),
        (1 / (a + b) - (a - b) / (a**2 - b**2), True),
        (sympy.tanh(a + b) - sympy.tanh(b + a), True),
        (Exp(a + b) - Exp(a) * Exp(b), True),
        (Exp(a - sympy.log(b)) - Exp(a) / b, True),
        (Sigmoid(a).diff(a) - Sigmoid(a) * (1 - Sigmoid(a)), True),
        (sympy.tanh(a) ** 2 + sympy.tanh(a), False),
        (1 / (a + b) - 1 / (a - b), False),
        (Sigmoid(a) - Sigmoid(b), False),
        (c * 1e-40, False),
        (sympy.Integer(0), True),
    ],
)
def test_zero(expression: object, zero: bool) -> None:
    assert is_zero(expression) is zero


def test_the_rules_hold() -> None:
    assert rules()


def test_a_threshold_taken_for_a_constant_is_rejected_in_every_region_with_gradient(monkeypatch) -> None:
    """S.1* without its own line's effect: da keeps what S.2* gave it."""
    page = halves.page_text("step/sparsify").replace("da_(r) = da_(r) - sum_j da_j ", "da_(r) = da_(r) ")
    monkeypatch.setattr(halves, "page_text", lambda name: page)
    half = replace(THRESHOLD)
    (claim,) = [claim for claim in claims(half) if claim.tags == ("S.1",)]
    by_rank = {rank: [case for case in half.cases if case.constants["r"] == rank][:3] for rank in (1, 2, 3)}
    assert prove(half, by_rank[1][0], claim), "at rank 1 with a margin of 0 there is no gradient to get wrong"
    assert not any(prove(half, case, claim) for rank in (2, 3) for case in by_rank[rank])
