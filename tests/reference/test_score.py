"""The oracles' scores against the formulas, one number at a time, with perturbations and copies along."""

from __future__ import annotations

import numpy as np
import pytest

from sabcore.reference.score import key_of, linear, score_bound, scores

P, N, K, B, H, A = 3, 4, 2, 2, 3, 5


def make() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    shapes = {"W_m": (P, A, H), "W_q": (P, A, H), "w_a": (P, A), "u_q": (P, H), "u_m": (P, H)}
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


def test_linear_is_a_product_for_each_perturbation() -> None:
    rng = np.random.default_rng(1)
    u, W = rng.normal(size=(P, K, B, H)), rng.normal(size=(P, A, H))
    np.testing.assert_allclose(linear(u, W), np.einsum("pkbh,pah->pkba", u, W), rtol=1e-12)
    np.testing.assert_allclose(linear(u, W[:1]), np.einsum("pkbh,ah->pkba", u, W[0]), rtol=1e-12)
    np.testing.assert_allclose(linear(u[:1], W), np.einsum("kbh,pah->pkba", u[0], W), rtol=1e-12)


@pytest.mark.parametrize("kind", ["additive", "separable"])
def test_scores_are_the_formulas(kind) -> None:
    rng, p = np.random.default_rng(2), make()
    memories, hhat = rng.normal(size=(N, P, B, H)), rng.normal(size=(P, K, B, H))
    keys = np.stack([key_of(kind, p, m) for m in memories], axis=1)
    found = scores(kind, p, keys, hhat)
    assert found.shape == (P, N, K, B)
    for i, j, copy, row in np.ndindex(P, N, K, B):
        m, q = memories[j, i, row], hhat[i, copy, row]
        if kind == "additive":
            want = p["w_a"][i] @ np.tanh(p["W_m"][i] @ m + p["W_q"][i] @ q)
        else:
            want = p["u_q"][i] @ np.tanh(q) + p["u_m"][i] @ np.tanh(m)
        assert found[i, j, copy, row] == pytest.approx(want, rel=1e-12, abs=1e-13)


def test_the_bound_is_reached_where_every_tanh_is_saturated() -> None:
    params = {"w_a": np.array([1.0, -2.0]), "u_q": np.array([0.5, -1.0]), "u_m": np.array([3.0])}
    assert score_bound("additive", params) == 3.0
    assert score_bound("separable", params) == 4.5
