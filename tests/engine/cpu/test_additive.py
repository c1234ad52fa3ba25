"""tanh(k + q) in both forms against extended precision: Theorem 1 of `sabcore/proofs/engine/exponentials.md`."""

import numpy as np
import pytest
from numba import njit

from sabcore.engine.cpu import additive

SCALES = (1e-6, 1e-4, 1e-2, 0.3, 1.0, 1.5, 15.0)
#: Units of rounding that the theorem allows, times min(1, |k| + |q|): its constant C, as its page states it.
ALLOWED = {"near": 32, "far": 8}


@njit(error_model="numpy")
def joined(form: str, k, q, w_a, e, slope):
    """k q w_a (A,) -> e and slope (A,), as a score and its backward pass compute them."""
    tq, sq, w_sq, key = np.empty_like(q), np.empty_like(q), np.empty_like(q), np.empty_like(q)
    additive.make_query(q, w_a, tq, sq, w_sq)
    if form == "near":
        additive.make_key(k, key)
        additive.slopes_near(w_sq, tq, sq, key, e, slope)
    else:
        rise, fall = np.empty_like(q), np.empty_like(q)
        additive.make_halves(tq, sq, rise, fall)
        key[:] = k
        additive.make_far_key(key)
        additive.slopes_far(w_sq, tq, sq, rise, fall, key, e, slope)


def pairs(dtype: str, k_scale: float, q_scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Keys and queries of these sizes, every other query opposite to its key, close to minus it where sizes allow."""
    rng = np.random.default_rng(0)
    k, q = rng.uniform(-k_scale, k_scale, 20_000), rng.uniform(-q_scale, q_scale, 20_000)
    near = -k * (1 + rng.normal(size=len(k)) * 10.0 ** rng.uniform(-6, 0, len(k)))
    q = np.where(np.arange(len(k)) % 2 == 0, np.where(np.abs(k) < q_scale, near, -np.sign(k) * np.abs(q)), q)
    return k.astype(dtype), np.clip(q, -q_scale, q_scale).astype(dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("form", ["near", "far"])
def test_a_unit_is_off_by_no_more_than_the_theorem_says(form: str, dtype: str) -> None:
    """Where both forms are bad, as `1 - 2 / (1 + exp(2k) exp(2q))` is at small sizes, the error is 1e5 and more."""
    largest, unit = {}, np.finfo(dtype).eps / 2
    for k_scale in SCALES:
        for q_scale in SCALES:
            if form == "far" or k_scale <= additive.MODERATE_KEY or q_scale <= additive.MODERATE_QUERY:
                k, q = pairs(dtype, k_scale, q_scale)
                e, slope = np.empty_like(k), np.empty_like(k)
                joined(form, k, q, np.ones_like(k), e, slope)
                wide_k, wide_q = k.astype(np.longdouble), q.astype(np.longdouble)
                size = np.minimum(1, np.abs(wide_k) + np.abs(wide_q))
                largest[k_scale, q_scale] = (np.abs(e - np.tanh(wide_k + wide_q)) / size).max() / unit
    assert max(largest.values()) <= ALLOWED[form], max(largest, key=lambda at: largest[at])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("form", ["near", "far"])
@pytest.mark.parametrize("scale", [1e-4, 0.1, 0.75])
def test_the_slope_is_that_of_tanh(form: str, dtype: str, scale: float) -> None:
    k, q = pairs(dtype, scale, scale)
    e, slope, w_a = np.empty_like(k), np.empty_like(k), np.linspace(-2, 2, len(k)).astype(dtype)
    joined(form, k, q, w_a, e, slope)
    want = w_a * (1 - np.tanh(k.astype(np.longdouble) + q) ** 2)
    assert (np.abs(slope - want) <= 20 * np.finfo(dtype).eps * np.abs(want)).all()
