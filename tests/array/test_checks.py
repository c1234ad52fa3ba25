"""What the doors let pass, and the one line for what they do not."""

import numpy as np
import pytest

from sabcore.array.checks import (
    all_finite,
    check_array,
    check_finite,
    check_params,
    check_whole,
    first_non_finite,
)
from sabcore.errors import ConfigError, DTypeError, NonFiniteError, ShapeError

X = np.ones((2, 3))


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex128"])
def test_arrays_of_the_engines_types_and_of_that_shape_pass(dtype):
    check_array("x", X.astype(dtype), ("T", 3), like=X.astype(dtype))
    check_array("x", X.astype(dtype) * np.nan, (2, 3), finite=False)


@pytest.mark.parametrize(
    ("array", "shape", "error", "says"),
    [
        (X, (3, 2), ShapeError, r"x has shape \(2, 3\), but should have \(3, 2\)$"),
        (X, (2,), ShapeError, r"but should have \(2,\)$"),
        (X[:0], ("T", 3), ShapeError, r"but should have \(T, 3\), with every size at least 1"),
        (X.astype(int), (2, 3), DTypeError, "x has dtype int64"),
        (X.tolist(), (2, 3), DTypeError, "x is a list"),
        (X * np.inf, (2, 3), NonFiniteError, "x holds NaN or infinite values"),
    ],
)
def test_an_array_that_is_refused_is_named(array, shape, error, says):
    with pytest.raises(error, match=says):
        check_array("x", array, shape)


def test_all_share_the_inputs_dtype():
    with pytest.raises(DTypeError, match="W has dtype float32, but should have float64, the dtype of x"):
        check_array("W", X.astype("float32"), (2, 3), like=X)


def test_parameters_are_exactly_those_that_are_wanted():
    shapes = {"a": (2, 3), "b": (1,)}
    good = {"a": X, "b": np.ones(1)}
    check_params(good, shapes)
    for bad, says in (
        ({"a": X}, "the parameters lack b"),
        (good | {"c": X}, "the parameters hold c"),
        ({"a": X, "b": np.ones(1, "float32")}, "b has dtype float32"),
        ({"a": X, "b": np.full(1, np.nan)}, "b holds NaN"),
    ):
        with pytest.raises((ShapeError, DTypeError, NonFiniteError), match=says):
            check_params(bad, shapes)
    with pytest.raises(DTypeError, match="params is a list"):
        check_params([X], shapes)  # type: ignore[arg-type]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", range(6))
def test_one_number_that_is_not_finite_is_found_anywhere(bad, place):
    spoilt = X.copy()
    spoilt.flat[place] = bad
    assert all_finite(X)
    assert not all_finite(spoilt)
    assert first_non_finite({"a": X, "b": X}) is None
    assert first_non_finite({}) is None
    assert first_non_finite({"a": X, "b": spoilt, "c": spoilt}) == "b"
    with pytest.raises(NonFiniteError, match=r"^b holds"):
        check_finite({"a": X, "b": spoilt})


@pytest.mark.parametrize("value", [0, 5, 11, 2.0, True, None, "5"])
def test_whole_numbers_in_range(value):
    if value == 5:
        check_whole("n", value, 1, 10)
        return
    with pytest.raises(ConfigError, match=r"^n is .*, but should be a whole number from 1 to 10$"):
        check_whole("n", value, 1, 10)
    with pytest.raises(ConfigError, match=r"whole number, at least 12$"):
        check_whole("n", value, 12)
