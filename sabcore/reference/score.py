"""The scores of all slots for all perturbations at once, holomorphic, for the complex step."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np


def linear(u: np.ndarray, W: np.ndarray) -> np.ndarray:
    """u (P,...,J), W (P,K,J) -> u W^T (P,...,K), where either P may be 1."""
    rows = u.reshape(len(u), -1, u.shape[-1]) @ W.swapaxes(1, 2)
    return rows.reshape(len(rows), *u.shape[1:-1], W.shape[1])


def key_of(kind: str, p: Mapping[str, np.ndarray], m: np.ndarray) -> np.ndarray:
    """A memory m (P,B,H) -> what the score needs of it: W_m m (P,B,A) if additive, u_m . tanh(m) (P,B) if separable."""
    return linear(m, p["W_m"]) if kind == "additive" else linear(np.tanh(m), p["u_m"][:, None])[..., 0]


def scores(kind: str, p: Mapping[str, np.ndarray], keys: np.ndarray, hhat: np.ndarray) -> np.ndarray:
    """keys (P,N,B,A) or (P,N,B), hhat (P,K,B,H) -> a (P,N,K,B)."""
    if kind == "additive":
        units = np.tanh(keys[:, :, None] + linear(hhat, p["W_q"])[:, None])
        return linear(units, p["w_a"][:, None])[..., 0]
    query = linear(np.tanh(hhat), p["u_q"][:, None])[..., 0]
    return keys[:, :, None] + query[:, None]


def score_bound(kind: str, params: Mapping[str, np.ndarray]) -> float:
    """The largest |a| that the score's weights allow, hence the size at which its sum is rounded."""
    names = ("w_a",) if kind == "additive" else ("u_q", "u_m")
    return float(sum(np.abs(params[name]).sum() for name in names))
