"""The scores of one batch row against its slots, from cached exponentials; the equations are `sabcore.step.score`'s.

    tanh(k + q) = 1 - 2 / (1 + E e),   E = exp(2k) cached when the slot is written,   e = exp(2q) once a step

so that a unit of a score costs a product and half a division: two terms share one, (w y + v x) / (x y). E and e are
clamped to the normal numbers, which is harmless unless a unit has both a key at the clamp and a query of the other
sign, large enough to bring the sum back from saturation. Such units, and no others, are computed from W_m m itself.

A separable key is one number, u_m . tanh(m), kept where E would be.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sabcore.engine.cpu.jit import jit, jit_part, jit_sum
from sabcore.engine.cpu.plan import Plan, Weights
from sabcore.engine.cpu.sums import dot
from sabcore.engine.cpu.vectormath import exp, tanh


@jit
def near_limit(like: np.ndarray) -> Any:
    """The largest |2q| that a clamped key outweighs, so that tanh is 1 to the last bit all the same."""
    return like.dtype.type(60 if like.itemsize == 4 else 650)


@jit
def is_lost(E: Any, q: Any, near: Any, clamp: Any) -> bool:
    """True if E says less than is needed: e^2k was clamped, or nearly, and a query beyond `near` pulls it back."""
    return (q + q < -near and E >= clamp) or (q + q > near and E * clamp <= 1)


@jit
def clamp_limit(like: np.ndarray) -> Any:
    """Keys' exponentials between 1 / this and this are exact."""
    return exp(like.dtype.type(86 if like.itemsize == 4 else 700))


@jit_sum
def dot_tanh(weight: np.ndarray, m: np.ndarray) -> Any:
    """weight m (H,) -> weight . tanh(m)."""
    total = m.dtype.type(0)
    for u in range(len(m)):
        total += weight[u] * tanh(m[u])
    return total


@jit
def exp_twice(k: np.ndarray, out: np.ndarray) -> Any:
    """k (A,) -> out (A,) = exp(2k); returns the largest |2k|."""
    largest = k.dtype.type(0)
    for u in range(len(k)):
        out[u] = exp(k[u] + k[u])
    for u in range(len(k)):
        size = abs(k[u] + k[u])
        largest = size if size > largest else largest
    return largest


@jit_part
def write_keys(plan: Plan, weights: Weights, m: np.ndarray, j: int, keys: np.ndarray, k: np.ndarray) -> None:
    """m (R,H), the memories of slot j -> keys[:,j] (R,N,U). k (R,U) is scratch."""
    if plan.additive:
        np.dot(m, weights.W_m_T, k)  # A.1
        for r in range(plan.R):
            exp_twice(k[r], keys[r, j])
    else:
        for r in range(plan.R):
            keys[r, j, 0] = dot_tanh(weights.u_m, m[r])  # P.1


@jit_part
def query(plan: Plan, weights: Weights, hhat: np.ndarray, q: np.ndarray, e: np.ndarray, reach: np.ndarray) -> None:
    """hhat (R,H) -> q (R,U), e = exp(2q) (R,U) and reach (R,), the largest |2q| of a row."""
    if plan.additive:
        np.dot(hhat, weights.W_q_T, q)  # A.2
        for r in range(plan.R):
            reach[r] = exp_twice(q[r], e[r])
    else:
        for r in range(plan.R):
            q[r, 0] = dot_tanh(weights.u_q, hhat[r])  # P.2


@jit_sum
def _score_fast(
    w_a: np.ndarray, w_a_sum: Any, keys: np.ndarray, e: np.ndarray, a: np.ndarray, lo: int, hi: int
) -> None:
    number = a.dtype.type
    half, one, two, ceiling = len(e) // 2, number(1), number(2), number(1e18)
    odd = len(e) - 2 * half
    for j in range(lo, hi):
        total = number(0)
        for u in range(half):
            x = one + keys[j, u] * e[u]  # A.3
            y = one + keys[j, half + u] * e[half + u]  # A.3
            x = x if x < ceiling else ceiling
            y = y if y < ceiling else ceiling
            total += (w_a[u] * y + w_a[half + u] * x) / (x * y)
        if odd:
            total += w_a[2 * half] / (one + keys[j, 2 * half] * e[2 * half])
        a[j] = w_a_sum - two * total  # A.4


@jit
def direct_key(weights: Weights, m: np.ndarray, u: int) -> Any:
    """Unit u of W_m m, for a slot whose exponential was clamped."""
    return dot(weights.W_m[u], m)


@jit
def _restore_lost(
    plan: Plan,
    weights: Weights,
    h: np.ndarray,
    r: int,
    keys: np.ndarray,
    q: np.ndarray,
    a: np.ndarray,
    lo: int,
    hi: int,
) -> None:
    """Put the lost units of scores a[lo:hi] right: what the clamped exponential gave goes, what is true comes."""
    one, near, clamp = q.dtype.type(1), near_limit(q), clamp_limit(q)
    for u in range(len(q)):
        if abs(q[u] + q[u]) > near:
            e = exp(q[u] + q[u])
            for j in range(lo, hi):
                if is_lost(keys[j, u], q[u], near, clamp):
                    true = tanh(direct_key(weights, h[plan.first_slot + j * plan.k_att, r], u) + q[u])  # A.3
                    given = one - (one + one) / (one + keys[j, u] * e)
                    a[j] += weights.w_a[u] * (true - given)  # A.4


@jit_part
def score_range(
    plan: Plan,
    weights: Weights,
    h: np.ndarray,
    r: int,
    keys: np.ndarray,
    q: np.ndarray,
    e: np.ndarray,
    reach: Any,
    a: np.ndarray,
    lo: int,
    hi: int,
) -> None:
    """Row r's scores a[lo:hi] of slots lo..hi-1: h (T+1,R,H), keys (N,U), q e (U,). Each stands alone."""
    if not plan.additive:
        for j in range(lo, hi):
            a[j] = keys[j, 0] + q[0]  # P.3
        return
    _score_fast(weights.w_a, weights.w_a_sum, keys, e, a, lo, hi)
    if reach > near_limit(q):
        _restore_lost(plan, weights, h, r, keys, q, a, lo, hi)


@jit
def slopes(weights: Weights, E: np.ndarray, e: np.ndarray, tanh_kq: np.ndarray, slope: np.ndarray) -> None:
    """E e (A,) -> tanh_kq = tanh(k+q) and slope = w_a (1 - tanh_kq^2), (A,): A.3 again, and A.3*, A.4*."""
    number, w_a = e.dtype.type, weights.w_a
    one, two, four, ceiling = number(1), number(2), number(4), number(1e18)
    for u in range(len(e)):
        x = E[u] * e[u]
        x = x if x < ceiling else ceiling
        y = one / (one + x)
        tanh_kq[u] = one - two * y
        slope[u] = four * (x * y) * y
    for u in range(len(e)):
        slope[u] *= w_a[u]


@jit
def restore_lost_slopes(
    weights: Weights, m: np.ndarray, E: np.ndarray, q: np.ndarray, tanh_kq: np.ndarray, slope: np.ndarray
) -> None:
    """The lost units of `slopes`, from the memory m (H,) itself: E q (A,)."""
    one, near, clamp = q.dtype.type(1), near_limit(q), clamp_limit(q)
    for u in range(len(q)):
        if is_lost(E[u], q[u], near, clamp):
            e = tanh(direct_key(weights, m, u) + q[u])
            tanh_kq[u], slope[u] = e, weights.w_a[u] * (one - e * e)
