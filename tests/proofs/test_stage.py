"""What a starred line claims, and the sum that its gradient is the gradient of."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from sabcore.proofs.digits import Digits, exact
from sabcore.proofs.half import Case, Half
from sabcore.proofs.page import read_page
from sabcore.proofs.stage import Claim, begin, claims, gradient_of, objective, starred_value

PAGE = """
```
u = 2 x           (Q.1)
v = u, w = u + p   (Q.2)
y = v w           (Q.3)
```
```
dv = dy w, dw = dy v, slope = dy   (Q.3*)
du = dv + dw, dp = dw              (Q.2*)
dx = 2 du                          (Q.1*)
```
"""


def half(page: str = PAGE) -> Half:
    names = ("x", "p", "u", "v", "w", "y")
    toy = Half("step/toy", "Q", dict.fromkeys(names, "H") | {"dy": "l H", "dv": "l H", "dx": "H"}, ("x", "p"), ("y",),
               {"H": 2, "l": 3}, engine=lambda values, case: {})  # fmt: skip
    toy.__dict__["lines"] = read_page(page)
    return toy


def test_a_claim_begins_at_its_line_or_after_its_symbols_own() -> None:
    assert list(claims(half())) == [
        Claim(("Q.3",), "v", "dv", 1, 2),  # v is Q.2's, what follows is Q.3
        Claim(("Q.3",), "w", "dw", 1, 2),  # slope is no symbol's gradient: it claims nothing
        Claim(("Q.2",), "u", "du", 2, 1),
        Claim(("Q.2",), "p", "dp", 2, 1),  # an input, which Q.2 is the first to use
        Claim(("Q.1",), "x", "dx", 3, 0),
    ]


def test_a_part_of_a_block_is_defined_where_the_block_is() -> None:
    page = "```\nz = x (Q.1)\ny = z_i (Q.2)\ndz_i = dy (Q.2*)\ndx = dz (Q.1*)\n```\n"
    toy = Half("step/toy", "Q", {"x": "4H", "z": "4H", "z_i": "H", "y": "H"}, ("x",), ("y",), {"H": 1},
               engine=lambda values, case: {}, blocks={"z": ("z_i", "z_f", "z_g", "z_o")})  # fmt: skip
    toy.__dict__["lines"] = read_page(page)
    assert [(claim.gradient, claim.start) for claim in claims(toy)] == [("dz_i", 1), ("dx", 0)]


def test_a_line_that_bears_two_numbers_counts_from_the_first() -> None:
    merged = PAGE.replace("(Q.2*)", "(Q.2*) (Q.1*)").replace("dx = 2 du                          (Q.1*)\n", "")
    (du,) = [claim for claim in claims(half(merged)) if claim.gradient == "du"]
    (dp,) = [claim for claim in claims(half(merged)) if claim.gradient == "dp"]
    assert (du.tags, du.start) == (("Q.2", "Q.1"), 1), "u is Q.1's own"
    assert dp.start == 0


def test_a_case_brings_its_constants_and_sizes() -> None:
    with mpmath.workdps(30):
        run = begin(half(), Case("wide", {"r": 2, "hot": ((1, 0), (0, 1))}, sizes={"H": 5}), Digits(), {"x": 1})
    assert run.sizes == {"H": 5, "l": 3}
    assert (run.values["r"], run.values["x"]) == (2, 1)
    assert run.values["hot"].tolist() == [[1, 0], [0, 1]]
    assert isinstance(run.values["hot"][0, 0], mpmath.mpf)


def test_the_objective_is_a_sum_for_every_level() -> None:
    toy, case = half(), Case("general")
    with mpmath.workdps(30):
        run = begin(toy, case, Digits(), {"x": exact(np.array([1.0, 2])), "p": exact(np.array([3.0, 4]))})
        run.lines(toy.lines.definitions)
        dy = exact(np.array([[1.0, 0], [0, 1], [1, 10]]))
        assert run.values["y"].tolist() == [2 * 5, 4 * 8]
        assert objective(toy, run, {"dy": dy}) == [10, 32, 330]
        run.values["y"] = run.values["y"] * 0
        assert objective(toy, run, {"dy": dy}) == [0, 0, 0]


def test_several_outputs_are_added_and_without_levels_there_is_one() -> None:
    toy = Half("step/toy", "Q", {"u": "H", "v": ""}, (), ("u", "v"), {"H": 2}, engine=lambda values, case: {})
    run = begin(toy, Case("general"), Digits(), {"u": exact(np.array([1.0, 2])), "v": mpmath.mpf(5)})
    assert objective(toy, run, {"du": exact(np.array([3.0, 4])), "dv": mpmath.mpf(2)}) == [21]


def test_a_gradient_by_level_is_kept_and_any_other_summed() -> None:
    by_level = [np.array([1, 2]), np.array([10, 20]), np.array([100, 200])]
    of = {claim.gradient: claim for claim in claims(half())}
    assert gradient_of(half(), of["dv"], by_level).tolist() == [[1, 2], [10, 20], [100, 200]]
    assert gradient_of(half(), of["dx"], by_level).tolist() == [111, 222]


@pytest.mark.parametrize(("gradient", "want"), [("du", 9), ("dx", 18)])
def test_the_starred_lines_run_up_to_the_claims(gradient: str, want: int) -> None:
    toy = half()
    toy.shapes["dy"] = toy.shapes["dv"] = "H"  # type: ignore[index]
    (claim,) = [claim for claim in claims(toy) if claim.gradient == gradient]
    one = np.array([1.0, 1])
    with mpmath.workdps(30):
        run = begin(toy, Case(""), Digits(), {"x": exact(2 * one), "p": exact(one)}).lines(toy.lines.definitions)
        got = starred_value(toy, Case(""), Digits(), run, {"dy": exact(one)}, claim)
    assert got.tolist() == [want, want]  # du = w + v = 5 + 4
