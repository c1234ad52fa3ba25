"""What each form of the notation computes."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from sabcore.proofs.digits import Digits, exact
from sabcore.proofs.evaluate import Run
from sabcore.proofs.grammar import parse_line
from sabcore.proofs.page import Line

W, X, Y = np.array([[1.0, 2], [3, 4], [5, 6]]), np.array([7.0, 8]), np.array([1.0, -1, 2])
M = np.array([[1.0, 2], [3, 4], [-5, 6]])
A = np.array([0.5, 2.0, -1.0])
AXES = {"m": "j", "a": "j", "e": "j", "d": "l", "f": "l", "h": "t", "z": "lj"}


def run(text: str, **values: object) -> dict:
    given = {"W": exact(W), "x": exact(X), "y": exact(Y), "m": exact(M), "a": exact(A), "r": 2, **values}
    with mpmath.workdps(30):
        equations = tuple(parse_line(text, frozenset("i")))
        return (
            Run(Digits(), given, AXES, {"j": 3, "i": 3, "l": 2, "t": 4}).lines([Line((), True, text, equations)]).values
        )


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("u = W x", W @ X),
        ("u = W^T y", W.T @ Y),
        ("u = y x^T", np.outer(Y, X)),
        ("u = y . y", 6.0),
        ("u = x x - 2 x / 4", X * X - X / 2),
        ("u = x^2", X**2),
        ("u = -x", -X),
        ("u = (x, y)", np.concatenate([X, Y])),
        ("u = sum_j a_j m_j", A @ M),
        ("u = sum_j a_j / 2", A.sum() / 2),
        ("u = max_i a_i", 2.0),
        ("u = the r-th largest a_j", 0.5),
        ("u = a_(1) - a_(r)", 1.5),
        ("e_j = a_j if a_j > 0 else 0", np.maximum(A, 0)),
        ("e_j = max(0, a_j)", np.maximum(A, 0)),
        ("e_j = a_j / sum_i a_i", A / A.sum()),
        ("e_j = m_j . x", M @ X),
    ],
)
def test_a_form_computes(text: str, want: float) -> None:
    values = run(text)
    np.testing.assert_allclose(np.array(values.get("u", values.get("e")), dtype=float), want, rtol=1e-15)


def test_levels_and_elements() -> None:
    d = exact(np.array([1.0, 2.0]))
    assert [float(x) for x in run("d[1] += 5, f = d", d=d)["f"]] == [1, 7]
    assert [float(x) for x in d] == [1, 2], "the array of whoever made it was changed"
    h = exact(np.arange(4.0))
    assert float(run("u = h_{k - 1}", h=h, k=3)["u"]) == 2
    z = exact(np.ones((2, 3)))
    assert [list(map(float, row)) for row in run("z_(r) = z_(r) - sum_j z_j", z=z)["z"]] == [[-2, 1, 1], [-2, 1, 1]]


def test_what_would_be_broadcast_is_refused() -> None:
    with pytest.raises(ValueError, match="meet, but should be equal"):
        run("u = x y")
    with pytest.raises(ValueError, match="meet, but should be equal"):
        run("u = W x + x")
