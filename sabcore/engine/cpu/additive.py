"""tanh(k + q) of the additive score, from one number kept per unit of a key and a few made per unit of a query.

No transcendental function is left where steps meet slots: the addition theorem of tanh joins what was made once a slot
to what is made once a step. Its near form is right where k or q is moderate, as nearly always. The far form is right
for every key and query; it serves pairs of a slot and a query that both have units beyond `MODERATE_*`.

    tq = tanh(q),  sq = 1 - tq^2                 (X.1)   near
    tk = tanh(k)                                 (X.2)
    x = 1 + tq tk                                (X.3)
    e = tq + sq tk / x                           (X.4)

    tq = tanh(q),  sq = 1 - tq^2                 (Z.1)   far
    rise = (1 + tq) / 2,  fall = (1 - tq) / 2    (Z.2)
    gk = exp(2 k) - 1 if k > 0 else 1 - exp(-2 k)        (Z.3)
    x = 1 + rise gk if gk > 0 else 1 - fall gk   (Z.4)
    e = tq + sq gk / (2 x)                       (Z.5)

e is tanh(k + q) either way, as accurate as if it were computed directly, however small. The page
`sabcore/proofs/engine/exponentials.md` derives both and bounds their errors.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sabcore.engine.cpu.jit import jit, jit_sum
from sabcore.engine.cpu.lost import key_limit
from sabcore.engine.cpu.vectormath import exp, expm1, tanh

#: The largest |k| and the largest |q| with which the near form is right whatever the other is.
MODERATE_KEY, MODERATE_QUERY = 1.5, 1.0


@jit
def any_beyond(a: np.ndarray, size: Any) -> bool:
    """a (A,) -> whether some |a| is larger than `size`. A count, unlike a maximum, runs in vector lanes."""
    count = 0
    for u in range(len(a)):
        count += abs(a[u]) > size
    return count > 0


@jit
def make_key(k: np.ndarray, key: np.ndarray) -> bool:
    """k (A,) -> key (A,) = tk; returns whether the slot is far."""
    for u in range(len(k)):
        key[u] = tanh(k[u])  # X.2
    return any_beyond(k, k.dtype.type(MODERATE_KEY))


@jit
def make_far_key(far_key: np.ndarray) -> None:
    """far_key (A,): k, which becomes gk."""
    limit, zero = key_limit(far_key), far_key.dtype.type(0)
    for u in range(len(far_key)):
        size = min(abs(far_key[u]), limit)
        gk = expm1(size + size)  # Z.3
        far_key[u] = gk if far_key[u] > zero else -gk  # Z.3


@jit
def make_query(q: np.ndarray, w_a: np.ndarray, tq: np.ndarray, sq: np.ndarray, w_sq: np.ndarray) -> None:
    """q w_a (A,) -> tq sq and w_sq = w_a sq, (A,)."""
    number = q.dtype.type
    zero, one, four = number(0), number(1), number(4)
    lowest = number(-80 if q.itemsize == 4 else -700)  # exp of it times a weight is still a normal number
    for u in range(len(q)):
        size = max(-abs(q[u] + q[u]), lowest)
        f, above = exp(size), -expm1(size)
        y = one / (one + f)
        tq[u] = above * y if q[u] > zero else -above * y  # X.1, Z.1
        sq[u] = four * f * y * y  # X.1, Z.1
        w_sq[u] = w_a[u] * sq[u]


@jit
def make_halves(tq: np.ndarray, sq: np.ndarray, rise: np.ndarray, fall: np.ndarray) -> None:
    """tq sq (A,) -> rise fall (A,), for the far form. Their product is sq / 4: neither is a difference."""
    one, half = tq.dtype.type(1), tq.dtype.type(0.5)
    for u in range(len(tq)):
        large = half + half * abs(tq[u])
        small = half * half * sq[u] / large
        rise[u] = large if tq[u] > one - one else small  # Z.2
        fall[u] = small if tq[u] > one - one else large  # Z.2


@jit_sum
def score_near(
    w_sq: np.ndarray,
    tq: np.ndarray,
    base: Any,
    keys: np.ndarray,
    far_query: bool,
    far: np.ndarray,
    a: np.ndarray,
    lo: int,
    hi: int,
) -> None:
    """The query, w_sq tq (A,) and base = w_a . tq, and keys (N,A) -> the scores a[lo:hi], but those of far pairs."""
    half, one = len(tq) // 2, w_sq.dtype.type(1)
    for j in range(lo, hi):
        if not (far_query and far[j]):
            total = one - one
            for u in range(half):  # two units share a division
                v = half + u
                x, y = one + tq[u] * keys[j, u], one + tq[v] * keys[j, v]  # A.3, X.3
                total += (w_sq[u] * keys[j, u] * y + w_sq[v] * keys[j, v] * x) / (x * y)  # A.3, X.4
            for u in range(2 * half, len(tq)):
                x = one + tq[u] * keys[j, u]  # A.3, X.3
                total += w_sq[u] * keys[j, u] / x  # A.3, X.4
            a[j] = base + total  # A.4


@jit_sum
def score_far(w_sq: np.ndarray, rise: np.ndarray, fall: np.ndarray, far_key: np.ndarray) -> Any:
    """The query and the key of a far slot, (A,) -> w_a . (e - tq)."""
    half, one, total = len(far_key) // 2, w_sq.dtype.type(1), w_sq.dtype.type(0)
    for u in range(half):
        v = half + u
        x = one + max(rise[u] * far_key[u], -fall[u] * far_key[u])  # A.3, Z.4
        y = one + max(rise[v] * far_key[v], -fall[v] * far_key[v])  # A.3, Z.4
        total += (w_sq[u] * far_key[u] * y + w_sq[v] * far_key[v] * x) / (x * y)  # A.3, Z.5
    for u in range(2 * half, len(far_key)):
        x = one + max(rise[u] * far_key[u], -fall[u] * far_key[u])  # A.3, Z.4
        total += w_sq[u] * far_key[u] / x  # A.3, Z.5
    return total / (one + one)


@jit
def slopes_near(
    w_sq: np.ndarray, tq: np.ndarray, sq: np.ndarray, key: np.ndarray, e: np.ndarray, slope: np.ndarray
) -> None:
    """The query and tk, (A,) -> e = tanh(k+q) and slope = w_a (1 - e^2), (A,)."""
    one = key.dtype.type(1)
    for u in range(len(key)):
        y = one / (one + tq[u] * key[u])
        e[u] = tq[u] + sq[u] * key[u] * y  # A.3, X.4
        slope[u] = w_sq[u] * (one - key[u] * key[u]) * y * y  # A.3*, A.4*, X.4*, X.3*, X.2*, X.1*


@jit
def slopes_far(
    w_sq: np.ndarray,
    tq: np.ndarray,
    sq: np.ndarray,
    rise: np.ndarray,
    fall: np.ndarray,
    key: np.ndarray,
    e: np.ndarray,
    slope: np.ndarray,
) -> None:
    """The same from gk."""
    one, half = key.dtype.type(1), key.dtype.type(0.5)
    for u in range(len(key)):
        y = one / (one + max(rise[u] * key[u], -fall[u] * key[u]))
        e[u] = tq[u] + half * sq[u] * key[u] * y  # A.3, Z.5
        slope[u] = w_sq[u] * y * ((one + abs(key[u])) * y)  # A.3*, A.4*, Z.5*, Z.4*, Z.3*, Z.2*, Z.1*
