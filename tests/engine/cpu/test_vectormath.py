"""The polynomials against NumPy in extended precision, over all magnitudes."""

from typing import Any

import numpy as np
import pytest
from numba import njit

from sabcore.engine.cpu.vectormath import exp, expm1, sigmoid, tanh


def elementwise(function: Any) -> Any:
    @njit(error_model="numpy", fastmath={"contract"})
    def loop(x: np.ndarray, out: np.ndarray) -> None:
        for i in range(len(x)):
            out[i] = function(x[i])

    return loop


def errors(function: Any, reference: Any, x: np.ndarray, *, relative: bool) -> float:
    out = np.empty_like(x)
    elementwise(function)(x, out)
    want = reference(x.astype(np.longdouble))
    return float((np.abs(out - want) / (np.abs(want) if relative else 1)).max())


def magnitudes(dtype: str, largest: float) -> np.ndarray:
    tiny = np.geomspace(1e-30, largest, 200_001)
    return np.concatenate([tiny, -tiny, np.linspace(-largest, largest, 200_000)]).astype(dtype)


@pytest.mark.parametrize(("dtype", "largest", "allowed"), [("float32", 86, 2e-7), ("float64", 700, 4e-16)])
def test_exp(dtype: str, largest: float, allowed: float) -> None:
    assert errors(exp, np.exp, magnitudes(dtype, largest), relative=True) <= allowed


@pytest.mark.parametrize(("dtype", "largest", "allowed"), [("float32", 86, 3e-7), ("float64", 700, 6e-16)])
def test_expm1(dtype: str, largest: float, allowed: float) -> None:
    assert errors(expm1, np.expm1, magnitudes(dtype, largest), relative=True) <= allowed


@pytest.mark.parametrize(("dtype", "allowed"), [("float32", 3e-7), ("float64", 6e-16)])
def test_tanh(dtype: str, allowed: float) -> None:
    assert errors(tanh, np.tanh, magnitudes(dtype, 1000), relative=True) <= allowed


@pytest.mark.parametrize(("dtype", "allowed"), [("float32", 2e-7), ("float64", 4e-16)])
def test_sigmoid(dtype: str, allowed: float) -> None:
    assert errors(sigmoid, lambda x: 1 / (1 + np.exp(-x)), magnitudes(dtype, 1000), relative=False) <= allowed


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_beyond_the_range_nothing_overflows(dtype: str) -> None:
    x = np.array([-1e30, -1e4, 0, 1e4, 1e30], dtype)
    for function, want in ((tanh, [-1, -1, 0, 1, 1]), (sigmoid, [0, 0, 0.5, 1, 1])):
        out = np.empty_like(x)
        elementwise(function)(x, out)
        np.testing.assert_allclose(out, want, rtol=0, atol=1e-30)
    elementwise(exp)(x, out)
    assert np.isfinite(out).all()
    assert (out > 0).all()
    assert out[2] == 1
