"""What ports do instead of the scores: a tanh too many, or none; a dot product; one matrix for keys and queries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sabcore.array.library import Array
from sabcore.array.products import outer_sum
from sabcore.validate.mistakes.record import Mistake, Tensors

Scored = tuple[Array, Array, dict[str, Array]]


class OtherScore:
    """A score that does as `inner` does, except for what a subclass says."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


class TanhOfScore(OtherScore):
    """a = tanh(score)."""

    def score(self, k: Array, q: Array) -> Array:
        return np.tanh(self.inner.score(k, q))

    def score_backward(self, da: Array, k: Array, q: Array) -> Scored:
        return self.inner.score_backward(da * (1 - self.score(k, q) ** 2), k, q)


class TanhOfInputs(OtherScore):
    """a = score of tanh(m) and tanh(hhat)."""

    def key(self, m: Array) -> Array:
        return self.inner.key(np.tanh(m))

    def query(self, hhat: Array) -> Array:
        return self.inner.query(np.tanh(hhat))

    def query_backward(self, dq: Array, hhat: Array) -> Array:
        return self.inner.query_backward(dq, np.tanh(hhat)) * (1 - np.tanh(hhat) ** 2)

    def key_backward(self, dk: Array, m: Array) -> Array:
        return self.inner.key_backward(dk, np.tanh(m)) * (1 - np.tanh(m) ** 2)

    def weights_backward(self, dk: Array, m: Array, dq: Array, hhat: Array) -> dict[str, Array]:
        return self.inner.weights_backward(dk, np.tanh(m), dq, np.tanh(hhat))


class LinearAdditive(OtherScore):
    """a = w_a . (W_m m + W_q hhat)."""

    def score(self, k: Array, q: Array) -> Array:
        return (k + q) @ self.inner.w_a

    def score_backward(self, da: Array, k: Array, q: Array) -> Scored:
        da_sum = da.sum(axis=0)
        dq = da.sum(axis=1)[..., None] * self.inner.w_a
        return da_sum[..., None] * self.inner.w_a, dq, {"w_a": np.einsum("rb,rba->a", da_sum, k + q)}


class LinearSeparable(OtherScore):
    """a = u_q . hhat + u_m . m."""

    def key(self, m: Array) -> Array:
        return m @ self.inner.u_m

    def query(self, hhat: Array) -> Array:
        return hhat @ self.inner.u_q

    def query_backward(self, dq: Array, hhat: Array) -> Array:
        return dq[..., None] * self.inner.u_q

    def key_backward(self, dk: Array, m: Array) -> Array:
        return dk[..., None] * self.inner.u_m

    def weights_backward(self, dk: Array, m: Array, dq: Array, hhat: Array) -> dict[str, Array]:
        return {"u_q": outer_sum(dq[..., None], hhat)[0], "u_m": outer_sum(dk[..., None], m)[0]}


class DotProduct(OtherScore):
    """a = scale (W_m m) . (W_q hhat)."""

    def __init__(self, inner: Any, scale: float) -> None:
        super().__init__(inner)
        self.scale = scale

    def score(self, k: Array, q: Array) -> Array:
        return self.scale * (k * q).sum(axis=-1)

    def score_backward(self, da: Array, k: Array, q: Array) -> Scored:
        da = self.scale * da
        return da.sum(axis=0)[..., None] * q, np.einsum("lrb,rba->lba", da, k), {}


def _with(other: Callable[[Any], Any]) -> Callable[[Any], None]:
    def replace(parts: Any) -> None:
        make = parts.plain.make_score
        parts.plain.make_score = lambda config, params: other(make(config, params))

    return replace


def _linear(score: Any) -> OtherScore:
    return LinearAdditive(score) if "w_a" in score._asdict() else LinearSeparable(score)


def _dot_product(score: Any, is_scaled: bool) -> Any:
    """A separable score has no two vectors to multiply, and stays."""
    if "w_a" not in score._asdict():
        return score
    return DotProduct(score, len(score.w_a) ** -0.5 if is_scaled else 1.0)


def _tied(kept: str, lost: str) -> Mistake:
    """One matrix for both: the gradients add up."""

    def takes(params: Tensors) -> Tensors:
        return params | {lost: params[kept]} if kept in params else params

    def gives(grads: Tensors) -> Tensors:
        if kept not in grads:
            return grads
        return grads | {kept: grads[kept] + grads[lost], lost: np.zeros_like(grads[lost])}

    return Mistake(
        f"{kept} used for {lost} as well",
        f"Keys and queries are made by one matrix: {kept} stands where {lost} should.",
        "forward",
        takes=takes,
        gives=gives,
    )


SCORES = [
    Mistake("tanh on the score", "One tanh too many: a = tanh(score).", "forward", replace=_with(TanhOfScore)),
    Mistake(
        "tanh on the score's inputs",
        "The score takes tanh(m) and tanh(hhat) for m and hhat.",
        "forward",
        replace=_with(TanhOfInputs),
    ),
    Mistake("linear score", "The score has no tanh.", "forward", replace=_with(_linear)),
    Mistake(
        "dot product for a score",
        "a = (W_m m) . (W_q hhat): w_a is not used.",
        "forward",
        replace=_with(lambda score: _dot_product(score, is_scaled=False)),
    ),
    Mistake(
        "scaled dot product for a score",
        "a = (W_m m) . (W_q hhat) / sqrt(A), as a Transformer has it: w_a is not used.",
        "forward",
        replace=_with(lambda score: _dot_product(score, is_scaled=True)),
    ),
    *(_tied(*pair) for pair in (("W_m", "W_q"), ("W_q", "W_m"))),
]
