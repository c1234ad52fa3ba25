"""What is measured is what rounding does, and no tolerance widens itself beyond its cap."""

import numpy as np
import pytest

from sabcore import SABConfig, init_params
from sabcore.compare.tolerance import CAP, EPS, SENSITIVITY, measured_floors, spread, ulp_moves
from tests.cases import SIZES, random_inputs
from tests.oracle import engine_results, floors

X = {"x": np.array([1.0, 3.0]), "p": np.array(2.0)}


def floors_of(run, allowed=1e-10, **options):
    return measured_floors(run, X, allowed, **options)


def test_every_element_moves_by_an_ulp_and_zeros_stay():
    moved = ulp_moves({"x": np.array([0.0, 1.0, -3.0] * 20)}, np.random.default_rng(0))["x"]
    assert (moved[::3] == 0).all()
    for column, value in ((moved[1::3], 1.0), (moved[2::3], -3.0)):
        assert set(column) == {value * (1 - EPS), value * (1 + EPS)}


def test_the_spread_is_the_largest_change():
    def run(given):
        return {"sum": given["x"] * given["p"], "steep": 1e6 * (given["x"] - 1), "none": np.ones(2)}

    found = spread(run, X, run(X))
    assert found["none"] == 0
    assert 3 * EPS <= found["sum"] <= 4 * 6 * EPS
    assert 2e6 * EPS <= found["steep"] <= 5e6 * EPS


def test_well_conditioned_tensors_are_compared_with_themselves():
    """However small: a gradient of 1e-30 beside one of 1 has no floor."""
    found = floors_of(lambda given: {"y": given["x"], "grad.h0": 1e-30 * given["x"], "grad.b": given["x"]})
    assert found == {"y": 0.0, "grad.h0": 0.0, "grad.b": 0.0}


def test_what_cancels_is_given_what_rounding_leaves():
    def run(given):
        x = given["x"]
        return {
            "grad.u": 1e3 * (x[0] + x[1] - (x[1] + x[0]) + (x[0] * 3 - x[1] - (x[0] * 3 - x[1]))) + 0 * x,
            "grad.b": x,
        }

    assert floors_of(run)["grad.u"] == pytest.approx(SENSITIVITY * EPS * 3 / 1e-10)


def test_what_amplifies_is_given_as_much_as_is_measured():
    def run(given):
        return {"grad.u": 1e5 * (given["x"] - [1, 3]) + 1.0, "grad.b": given["x"]}

    measured = spread(run, X, run(X))["grad.u"]
    assert floors_of(run)["grad.u"] == pytest.approx(SENSITIVITY * measured / 1e-10)


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex128"])
def test_no_tolerance_widens_itself_beyond_the_cap(dtype):
    """A result that is nothing but amplified rounding, or even none at all, is not allowed more."""

    def chaos(given):
        return {"grad.u": np.sin(1e18 * given["x"]), "grad.b": 5 * given["x"], "y": 1e9 * given["x"]}

    cap = CAP[str(np.finfo(dtype).dtype)]
    assert floors_of(chaos, dtype=dtype)["grad.u"] == pytest.approx(cap * 15 / 1e-10)
    with np.errstate(all="ignore"):
        broken = floors_of(lambda given: {"grad.u": np.log(given["x"] - 1), "grad.b": given["x"]}, dtype=dtype)
    assert all(np.isfinite(value) for value in broken.values())
    assert broken["grad.u"] <= cap * 3.1 / 1e-10


def test_float32_has_larger_units():
    run = lambda given: {"grad.u": 1e2 * (given["x"] - [1, 3]) + 1.0}  # noqa: E731
    double, single = (floors_of(run, allowed=1e-14, dtype=dtype)["grad.u"] for dtype in ("float64", "float32"))
    assert double > 0
    assert single == pytest.approx(min(double * 2.0**29, CAP["float32"] * 1 / 1e-14), rel=1e-6)


def test_allowances_go_by_name():
    run = lambda given: {"y": 1e5 * (given["x"] - [1, 3]) + 1.0, "grad.b": given["x"]}  # noqa: E731
    assert set(floors_of(run, {"y": 1e-12})) == {"y"}
    assert floors_of(run, {"y": 1e-12})["y"] == pytest.approx(100 * floors_of(run, {"y": 1e-10})["y"])


def test_on_models_only_what_cancels_has_a_floor():
    """A threshold cancels the query weights of a separable score; all else is known to a few ulps."""
    for fields, cancelled in (({"score": "separable"}, ["grad.u_q"]), ({}, [])):
        config = SABConfig.paper(**SIZES, k_top=3, **fields)
        params, inputs = init_params(config, 1, "float64"), random_inputs(config, 2)
        assert [name for name, floor in floors(config, params, inputs, 1e-10).items() if floor] == cancelled
        assert set(floors(config, params, inputs, 1e-10)) == set(engine_results(config, params, inputs))


def test_what_is_within_goes_by_the_tensors_own_size():
    """A relative spread of some eps is within 1e-10 and beyond 1e-16, at whatever size."""
    for size in (1e-20, 1.0, 1e20):
        run = lambda given, size=size: {"y": size * given["x"]}  # noqa: E731
        assert floors_of(run, 1e-10)["y"] == 0
        assert floors_of(run, 1e-16)["y"] > 0


def test_the_constants_are_no_larger_than_they_are_said_to_be():
    """The multiple is twice the largest ratio seen, and a result that is 1 % off is beyond every cap."""
    assert SENSITIVITY <= 64
    assert CAP == {"float64": 1e-6, "float32": 5e-3}


def test_what_is_nowhere_finite_gets_no_floor():
    assert floors_of(lambda given: {"y": given["x"] * np.inf}) == {"y": 0.0}
