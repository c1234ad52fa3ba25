"""How well a memory answers a query: the paper's additive score and the released code's separable one.

Both split the work alike. A key depends on the memory alone and is computed once, when the slot is written; a query
depends on the present state alone; the score joins them. Gradients with respect to keys therefore add up over all
later reads of a slot before they turn into a gradient of the memory, once.

Letters in shapes: N slots, or R of them; B batch rows; L leading gradients with separate histories.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from sabcore.array.library import Array, array_module
from sabcore.array.products import outer_sum
from sabcore.model.config import SABConfig


class Score(Protocol):
    """What the engine asks of a score; `*` stands for (A,) if additive and for nothing if separable."""

    def _asdict(self) -> dict[str, Array]:
        """The score's weights by name: a score is a named tuple of them."""
        ...

    def key(self, m: Array) -> Array:
        """m (...,B,H) -> k (...,B,*)."""
        ...

    def query(self, hhat: Array) -> Array:
        """hhat (B,H) -> q (B,*)."""
        ...

    def score(self, k: Array, q: Array) -> Array:
        """k (R,B,*), q (B,*) -> a (R,B)."""
        ...

    def score_backward(self, da: Array, k: Array, q: Array) -> tuple[Array, Array, dict[str, Array]]:
        """da (L,R,B), k (R,B,*), q (B,*) -> dk (R,B,*), dq (L,B,*), gradients of the weights used here."""
        ...

    def query_backward(self, dq: Array, hhat: Array) -> Array:
        """dq (L,B,*), hhat (B,H) -> dhhat (L,B,H)."""
        ...

    def key_backward(self, dk: Array, m: Array) -> Array:
        """dk (...,B,*), m (...,B,H) -> dm (...,B,H)."""
        ...

    def weights_backward(self, dk: Array, m: Array, dq: Array, hhat: Array) -> dict[str, Array]:
        """dk (N,B,*), m (N,B,H), dq (T,B,*), hhat (T,B,H) -> gradients of the key's and the query's weights."""
        ...


class AdditiveScore(NamedTuple):
    """a_j = w_a . tanh(W_m m_j + W_q hhat), Ke et al. (2018), section 3.1; W_m W_q (A,H), w_a (A,).

    k_j = W_m m_j           (A.1)
    q   = W_q hhat          (A.2)
    e_j = tanh(k_j + q)     (A.3)
    a_j = w_a . e_j         (A.4)
    """

    W_m: Array
    W_q: Array
    w_a: Array

    def key(self, m: Array) -> Array:
        return m @ self.W_m.T  # A.1

    def query(self, hhat: Array) -> Array:
        return hhat @ self.W_q.T  # A.2

    def score(self, k: Array, q: Array) -> Array:
        e = array_module(k).tanh(k + q)  # A.3
        return e @ self.w_a  # A.4

    def score_backward(self, da: Array, k: Array, q: Array) -> tuple[Array, Array, dict[str, Array]]:
        xp = array_module(k)
        e = xp.tanh(k + q)
        da_sum = da.sum(axis=0)  # A.4*
        dw_a = xp.einsum("rb,rba->a", da_sum, e)  # A.4*
        slope = self.w_a * (1 - e**2)  # A.3*, A.4*
        return da_sum[..., None] * slope, xp.einsum("lrb,rba->lba", da, slope), {"w_a": dw_a}  # A.3*

    def query_backward(self, dq: Array, hhat: Array) -> Array:
        return dq @ self.W_q  # A.2*

    def key_backward(self, dk: Array, m: Array) -> Array:
        return dk @ self.W_m  # A.1*

    def weights_backward(self, dk: Array, m: Array, dq: Array, hhat: Array) -> dict[str, Array]:
        dW_q = outer_sum(dq, hhat)  # A.2*
        dW_m = outer_sum(dk, m)  # A.1*
        return {"W_m": dW_m, "W_q": dW_q}


class SeparableScore(NamedTuple):
    """a_j = u_q . tanh(hhat) + u_m . tanh(m_j), the released code; u_q u_m (H,).

    k_j = u_m . tanh(m_j)     (P.1)
    q   = u_q . tanh(hhat)    (P.2)
    a_j = k_j + q             (P.3)
    """

    u_q: Array
    u_m: Array

    def key(self, m: Array) -> Array:
        return array_module(m).tanh(m) @ self.u_m  # P.1

    def query(self, hhat: Array) -> Array:
        return array_module(hhat).tanh(hhat) @ self.u_q  # P.2

    def score(self, k: Array, q: Array) -> Array:
        return k + q  # P.3

    def score_backward(self, da: Array, k: Array, q: Array) -> tuple[Array, Array, dict[str, Array]]:
        return da.sum(axis=0), da.sum(axis=1), {}  # P.3*

    def query_backward(self, dq: Array, hhat: Array) -> Array:
        return dq[..., None] * self.u_q * (1 - array_module(hhat).tanh(hhat) ** 2)  # P.2*

    def key_backward(self, dk: Array, m: Array) -> Array:
        return dk[..., None] * self.u_m * (1 - array_module(m).tanh(m) ** 2)  # P.1*

    def weights_backward(self, dk: Array, m: Array, dq: Array, hhat: Array) -> dict[str, Array]:
        xp = array_module(m)
        du_q = outer_sum(dq[..., None], xp.tanh(hhat))[0]  # P.2*
        du_m = outer_sum(dk[..., None], xp.tanh(m))[0]  # P.1*
        return {"u_q": du_q, "u_m": du_m}


def make_score(config: SABConfig, params: Mapping[str, Array]) -> Score:
    """The score that `config` names, holding its parameters."""
    if config.score == "additive":
        return AdditiveScore(params["W_m"], params["W_q"], params["w_a"])
    return SeparableScore(params["u_q"], params["u_m"])
