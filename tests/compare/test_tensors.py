"""The comparison must reject what is not equal, above all what is not a number."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sabcore.compare.tensors import TensorReport, compare, compare_tensor, largest
from sabcore.errors import FormatError

WANT = np.array([[1.0, -4.0], [2.0, 1e-9]])


def error(got, want=WANT, floor=0.0) -> float:
    return compare_tensor("W", got, want, 1e-9, floor).error


def test_the_scale_is_the_largest_value() -> None:
    assert error(WANT) == 0
    assert error(WANT + np.array([[0, 0], [0, 0.4]])) == pytest.approx(0.1)
    assert error(1e-200 * WANT * 1.5, 1e-200 * WANT) == pytest.approx(0.5)  # small tensors are no excuse
    assert error(np.float32(WANT)) < 1e-7
    assert error(WANT + 4j) == pytest.approx(1)
    assert error(np.array([3e38], "float32"), np.array([-3e38], "float32")) == pytest.approx(2)  # no overflow
    assert error(np.asarray(3.0), np.asarray(2.0)) == 0.5  # a single number, without an axis


def test_the_floor_is_the_least_scale() -> None:
    off = WANT + np.array([[0, 0], [0, 0.4]])
    assert error(off, floor=3.9) == pytest.approx(0.1)
    assert error(off, floor=8.0) == pytest.approx(0.05)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("side", [0, 1])
def test_not_finite_fails_and_is_pointed_at(bad, side) -> None:
    got, want = pair = WANT.copy(), WANT.copy()
    pair[side][1, 0] = bad
    report = compare_tensor("W", got, want, 1.0)
    assert (report.error, report.index, report.passed) == (math.inf, (1, 0), False)
    pair[1 - side][1, 0] = bad  # the same on both sides proves nothing either
    assert compare_tensor("W", got, want, math.inf, math.inf).error == math.inf


@pytest.mark.parametrize("got", [WANT[:1], WANT[None], WANT.reshape(-1), WANT[:, :1], np.float64(1), np.zeros(0)])
def test_another_shape_fails(got) -> None:
    report = compare_tensor("W", got, WANT, 1.0)
    assert (report.error, report.index, report.passed) == (math.inf, None, False)
    assert f"{got.shape}, but should have (2, 2)" in str(report.reason)


def test_zeros_must_be_met_exactly() -> None:
    assert error(np.zeros(3), np.zeros(3)) == 0
    assert error(np.full(3, 1e-30), np.zeros(3)) > 1e200


@pytest.mark.parametrize("got", [np.zeros((0, 2)), WANT])
def test_an_empty_tensor_fails_and_says_so(got) -> None:
    report = compare_tensor("W", got, np.zeros((0, 2)), 1.0)
    assert (report.passed, report.reason) == (False, "it is empty, (0, 2): there is nothing to compare")


@pytest.mark.parametrize(
    ("found", "allowed", "passes"),
    [
        (1e-9, 1e-8, True),
        (0.0, 0.0, True),
        (1e-8, 1e-8, True),
        (1e-8, 1e-9, False),
        (math.nan, 1.0, False),
        (1.0, math.nan, False),
        (math.inf, math.inf, False),
    ],
)
def test_small_enough_is_asked(found, allowed, passes) -> None:
    assert TensorReport("W", found, allowed).passed == passes


def test_excess_is_the_error_over_what_is_allowed() -> None:
    assert TensorReport("W", 3e-9, 1e-9).excess == pytest.approx(3)
    assert TensorReport("W", 0.0, 0.0).excess == 0
    assert TensorReport("W", 1e-300, 0.0).excess == math.inf


@pytest.mark.parametrize(("error", "allowed"), [(math.inf, math.inf), (math.nan, 1.0), (1.0, math.nan)])
def test_excess_is_never_nan(error, allowed) -> None:
    """A maximum over NaN would depend on the order of what is compared."""
    assert TensorReport("W", error, allowed).excess == math.inf


def test_the_worst_element_is_named() -> None:
    got = WANT + np.array([[1e-3, 0], [0.5, -1e-3]])
    assert compare_tensor("W", got, WANT, 1e-9) == TensorReport("W", 0.125, 1e-9, (1, 0), 2.5, 2.0)


def test_every_wanted_tensor_is_compared() -> None:
    reports = compare({"y": WANT, "more": WANT}, {"y": WANT, "grad.x": WANT}, 1e-9)
    assert [(report.name, report.passed) for report in reports] == [("y", True), ("grad.x", False)]
    assert reports[1].reason == "it was not computed"
    with pytest.raises(FormatError, match="at least one"):
        compare({"y": WANT}, {}, 1e-9)


def test_allowances_and_floors_go_by_name() -> None:
    got, want = {"y": 1.01 * WANT, "s": 1.01 * WANT}, {"y": WANT, "s": WANT}
    assert [report.passed for report in compare(got, want, {"y": 0.1, "s": 1e-3})] == [True, False]
    assert [report.passed for report in compare(got, want, 1e-3, {"s": 100.0})] == [False, True]


def test_floors_are_measured_only_where_something_fails() -> None:
    asked = []

    def measure() -> dict[str, float]:
        asked.append(1)
        return {"y": 100.0}

    assert compare({"y": WANT}, {"y": WANT}, 1e-3, measure)[0].passed
    assert asked == []
    assert compare({"y": 1.01 * WANT}, {"y": WANT}, 1e-3, measure)[0].passed
    assert not compare({"y": 1.2 * WANT}, {"y": WANT}, 1e-3, measure)[0].passed
    assert len(asked) == 2


def test_largest() -> None:
    assert largest(WANT) == 4
    assert largest(np.array([3 + 4j])) == 5
    assert largest(np.zeros((0, 2))) == 0
    assert largest(np.array([1.0, math.nan])) == math.inf


def test_without_a_floor_small_tensors_are_held_to_their_own_size() -> None:
    small = {"W": 1e-3 * WANT / 4}
    off = {"W": 1.5 * small["W"]}
    assert compare_tensor("W", off["W"], small["W"], 1e-2).error == pytest.approx(0.5)
    assert compare(off, small, 1e-2, {"another": 1.0})[0].error == pytest.approx(0.5)
