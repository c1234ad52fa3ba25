"""Thresholds of other sequences: which ones, one number at a time, and a backward that is the difference quotient."""

import numpy as np
import pytest

from sabcore.step.sparsify import Threshold
from sabcore.train.model.mixed import MixedThreshold, mixed_rows

N, B = 5, 3


def test_element_n_of_sequence_b_meets_sequence_b_N_plus_n_mod_B():
    flat = np.tile(np.arange(B), N).reshape(B, N)  # thetas repeated N times and read as (B,N)
    np.testing.assert_array_equal(mixed_rows(N, B), flat.T)


@pytest.mark.parametrize(("theta", "total"), [(True, False), (False, True), (True, True)])
def test_the_weights_one_number_at_a_time(theta, total):
    a, rule = np.random.default_rng(0).normal(size=(N, B)), MixedThreshold(3, 0.01, 0.1, theta, total)
    thetas = [sorted(a[:, b])[-3] for b in range(B)]
    at = [[(b * N + n) % B for b in range(B)] for n in range(N)]
    v = [[max(0, a[n, b] - thetas[at[n][b] if theta else b] - 0.01) for b in range(B)] for n in range(N)]
    S = [sum(v[n][b] for n in range(N)) + 0.1 for b in range(B)]
    want = [[v[n][b] / S[at[n][b] if total else b] for b in range(B)] for n in range(N)]
    np.testing.assert_allclose(rule.weights(a), want, rtol=1e-12)


@pytest.mark.parametrize(("theta", "total"), [(True, False), (False, True), (True, True)])
def test_the_backward_is_the_difference_quotient(theta, total):
    rng, rule = np.random.default_rng(1), MixedThreshold(3, 0.01, 0.1, theta, total)
    a, dw = rng.normal(size=(N, B)), rng.normal(size=(2, N, B))
    got, step = rule.backward(dw, a, rule.weights(a)), 1e-6
    for at in np.ndindex(N, B):
        moved = np.zeros((N, B))
        moved[at] = step
        slope = (rule.weights(a + moved) - rule.weights(a - moved)) / (2 * step)
        np.testing.assert_allclose(got[(slice(None), *at)], (dw * slope).sum(axis=(1, 2)), rtol=1e-7, atol=1e-8)


def test_of_one_sequence_it_is_the_rule_itself():
    rng = np.random.default_rng(2)
    a, rule, plain = rng.normal(size=(N, 1)), MixedThreshold(3, 0.01, 0.1, True, True), Threshold(3, 0.01, 0.1)
    slots = plain.select(a)[:, 0]
    want = np.zeros((N, 1))
    want[slots] = plain.weights(a[slots])
    np.testing.assert_allclose(rule.weights(a), want, rtol=1e-12)
