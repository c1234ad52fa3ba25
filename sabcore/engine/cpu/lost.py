"""Units of the additive score whose key and query are too large and opposite for numbers kept apart to be joined.

A key's exponential is cut off at `key_limit`, so that products of two stay finite. That is harmless unless a query of
the other sign, beyond `query_limit`, would have brought the sum back from saturation. Such units, and no others, are
computed from W_m m itself: `sabcore/proofs/engine/exponentials.md`, "Lost units".
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sabcore.engine.cpu.jit import jit
from sabcore.engine.cpu.sums import dot
from sabcore.engine.cpu.vectormath import expm1, tanh


@jit
def key_limit(like: np.ndarray) -> Any:
    """The largest |k| that a key holds."""
    return like.dtype.type(16 if like.itemsize == 4 else 150)


@jit
def largest_key(like: np.ndarray) -> Any:
    """The largest |gk|, that of a key at its limit."""
    return expm1(key_limit(like) + key_limit(like))


@jit
def query_limit(like: np.ndarray) -> Any:
    """The largest |q| that a key at its limit outweighs: tanh of the sum is 1 to within a unit in the last place."""
    return like.dtype.type(7 if like.itemsize == 4 else 130)


@jit
def is_lost(gk: Any, q: Any, limit: Any, reach: Any) -> bool:
    """True if a key that was cut off at gk = +-limit says less than is needed, as q, beyond reach, is opposite."""
    return (q < -reach and gk >= limit) or (q > reach and gk <= -limit)


@jit
def true_tanh(W_m: np.ndarray, m: np.ndarray, u: int, q: Any) -> Any:
    """tanh(k + q) of unit u, from the memory m (H,)."""
    return tanh(dot(W_m[u], m) + q)


@jit
def lost_part(
    W_m: np.ndarray,
    w_a: np.ndarray,
    m: np.ndarray,
    far_key: np.ndarray,
    q: np.ndarray,
    tq: np.ndarray,
    sq: np.ndarray,
    rise: np.ndarray,
    fall: np.ndarray,
) -> Any:
    """Over the lost units, w_a . (e - what the key at its limit gives for e): far_key and the query (A,), m (H,)."""
    one, limit, reach, total = q.dtype.type(1), largest_key(q), query_limit(q), q.dtype.type(0)
    for u in range(len(q)):
        if is_lost(far_key[u], q[u], limit, reach):
            x = one + max(rise[u] * far_key[u], -fall[u] * far_key[u])  # Z.4
            given = tq[u] + sq[u] * far_key[u] / x / (one + one)  # Z.5
            e = true_tanh(W_m, m, u, q[u])  # A.3
            total += w_a[u] * (e - given)
    return total


@jit
def restore_slopes(
    W_m: np.ndarray,
    w_a: np.ndarray,
    m: np.ndarray,
    far_key: np.ndarray,
    q: np.ndarray,
    e: np.ndarray,
    slope: np.ndarray,
) -> None:
    """Put the lost units of e and slope right: far_key q (A,), m (H,)."""
    one, limit, reach = q.dtype.type(1), largest_key(q), query_limit(q)
    for u in range(len(q)):
        if is_lost(far_key[u], q[u], limit, reach):
            e[u] = true_tanh(W_m, m, u, q[u])  # A.3
            slope[u] = w_a[u] * (one - e[u] * e[u])  # A.3*, A.4*
