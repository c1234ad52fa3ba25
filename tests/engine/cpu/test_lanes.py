"""What compiled code does with vectors, against the plain definitions beside it."""

from typing import Any

import numba
import numpy as np
import pytest

from sabcore.engine.cpu.lanes import LANES, WINDOW, at_least, count_larger, lane_maxima, lowest_bit


@numba.njit
def compiled_at_least(a: np.ndarray, lo: int, bar: Any) -> int:
    return at_least(a, lo, bar)


@numba.njit
def compiled_lowest_bit(mask: int) -> int:
    return lowest_bit(mask)


@numba.njit
def compiled_lane_maxima(a: np.ndarray, n: int, start: int, step: int, out: np.ndarray) -> None:
    lane_maxima(a, n, start, step, out)


@numba.njit
def compiled_count_larger(v: np.ndarray, lo: int, hi: int, i: int, out: np.ndarray) -> None:
    count_larger(v, lo, hi, i, out)


@pytest.fixture(params=["float32", "float64"])
def a(request: pytest.FixtureRequest) -> np.ndarray:
    rng = np.random.default_rng(1)
    a = rng.integers(-9, 9, 3 * WINDOW).astype(request.param)
    a[rng.random(a.shape) < 0.1] = np.nan
    a[[10, 20, 30]] = np.inf, -np.inf, -0.0
    return a


@pytest.mark.parametrize("lo", [0, 1, 100, 2 * WINDOW])
@pytest.mark.parametrize("bar", [-np.inf, -3.0, 0.0, np.inf, np.nan])
def test_at_least(a: np.ndarray, lo: int, bar: float) -> None:
    reach = a[lo : lo + WINDOW] >= bar
    want = int.from_bytes(np.packbits(reach, bitorder="little").tobytes(), "little")
    assert at_least(a, lo, bar) == want
    assert compiled_at_least(a, lo, bar) & (2**WINDOW - 1) == want  # bit 63 is the sign of an int64


@pytest.mark.parametrize("mask", [1, 2, 40, 2**62, 7 << 50])
def test_lowest_bit(mask: int) -> None:
    assert 2 ** lowest_bit(mask) == 2 ** compiled_lowest_bit(mask) == mask & -mask


def test_lowest_bit_is_the_sign() -> None:
    assert compiled_lowest_bit(-(2**63)) == lowest_bit(2**63) == 63


@pytest.mark.parametrize(
    ("n", "start", "step"), [(192, 0, 16), (192, 16, 48), (100, 32, 48), (100, 80, 96), (100, 96, 96)]
)
def test_lane_maxima(a: np.ndarray, n: int, start: int, step: int) -> None:
    want, got = np.zeros((2, 128), a.dtype)
    lane_maxima(a, n, start, step, want)
    compiled_lane_maxima(a, n, start, step, got)
    assert want.tobytes() == got.tobytes()
    blocks = [a[j : j + LANES] for j in range(start, n, step) if j + LANES <= n]
    np.testing.assert_array_equal(got[start : start + LANES], np.fmax.reduce([np.full(LANES, -np.inf), *blocks]))


@pytest.mark.parametrize(("lo", "hi", "i"), [(0, 20, 0), (0, 20, 16), (64, 100, 80), (16, 16, 16)])
def test_count_larger(a: np.ndarray, lo: int, hi: int, i: int) -> None:
    want, got = np.full((2, len(a)), -1, np.int32)
    count_larger(a, lo, hi, i, want)
    compiled_count_larger(a, lo, hi, i, got)
    np.testing.assert_array_equal(got, want)
    assert (got[:i] == -1).all()
    assert (got[i + LANES :] == -1).all()
    assert got[i] == sum(a[j] > a[i] for j in range(lo, hi))
