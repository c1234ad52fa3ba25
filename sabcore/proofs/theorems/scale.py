"""Section 3: why the gradient explodes: the sparsifier does not see the scale of the scores, so its Jacobian must."""

from __future__ import annotations

from typing import Any

import numpy as np

from sabcore.engine import plain
from sabcore.model.config import SABConfig
from sabcore.model.params import init_params
from sabcore.proofs.theorems.claim import Claim
from sabcore.step.sparsify import Softmax, Sparsifier, Threshold

_SLOTS, _K_TOP, _DRAWS, _EPS = 50, 5, 300, 1e-7
_SCALES = (1.0, 0.1, 0.01)


def check() -> list[Claim]:
    return [_exact(), _threshold(), _others(), _ties(), _model()]


def jacobian(sparsifier: Sparsifier, a: Any) -> Any:
    """a (N,) -> dw/da (N,N) in the chosen slots' order, row by row through the backward pass."""
    chosen = sparsifier.select(a[:, None])
    kept = a[:, None] if chosen is None else a[chosen[:, 0]][:, None]
    rows = np.eye(len(kept))[:, :, None]
    return sparsifier.backward(rows, kept, sparsifier.weights(kept))[..., 0]


def norm(sparsifier: Sparsifier, a: Any) -> float:
    """The spectral norm of its Jacobian."""
    return float(np.linalg.norm(jacobian(sparsifier, a), 2))


def scores(scale: float) -> Any:
    return scale * np.random.default_rng(0).standard_normal((_DRAWS, _SLOTS))


def _exact() -> Claim:
    """c J(c a), with eps scaled too, is J(a)."""
    worst = 0.0
    for a in scores(1.0):
        one = jacobian(Threshold(_K_TOP + 1, 0.0, _EPS), a)
        for c in (0.5, 0.125, 2.0**-10):  # powers of two: no rounding of their own
            worst = max(worst, float(abs(c * jacobian(Threshold(_K_TOP + 1, 0.0, c * _EPS), c * a) - one).max()))
    return Claim(
        "3.1", "c J(c a) = J(a) for the threshold, eps scaled along", f"largest difference {worst:.0e}", worst == 0
    )


def _medians(make: Any) -> dict[float, float]:
    return {scale: float(np.median([norm(make, a) for a in scores(scale)])) for scale in _SCALES}


def _told(medians: dict[float, float]) -> str:
    return ", ".join(f"{value:.3g} at standard deviation {scale:g}" for scale, value in medians.items())


def _threshold() -> Claim:
    found = _medians(Threshold(_K_TOP + 1, 0.0, _EPS))
    grows = all(abs(found[scale] * scale / found[1.0] - 1) < 1e-3 for scale in _SCALES)
    by_k_top = {k_top: [norm(Threshold(k_top + 1, 0.0, _EPS), a) for a in scores(1.0)] for k_top in (2, 10)}
    others = ", ".join(f"{np.median(norms):.3g} (largest {max(norms):.3g}) for {k}" for k, norms in by_k_top.items())
    measured = f"{_told(found)}: medians of {_DRAWS} draws, {_SLOTS} slots, k_top {_K_TOP}; at 1, {others}"
    return Claim("3.2", "so its norm grows as 1 / scale", measured, grows)


def sparsemax_norm(a: Any) -> float:
    """Sparsemax (Martins and Astudillo, 2016): its Jacobian is a projection, 0 where one slot has everything."""
    ranked = np.sort(a)[::-1]
    support = int((1 + np.arange(1, len(a) + 1) * ranked > np.cumsum(ranked)).sum())
    return 0.0 if support == 1 else float(np.linalg.norm(np.eye(support) - np.ones((support, support)) / support, 2))


def _others() -> Claim:
    softmax = max(norm(Softmax(1.0, None), a) for scale in _SCALES for a in scores(scale))
    sparsemax = max(sparsemax_norm(a) for scale in _SCALES for a in scores(scale))
    two = norm(Softmax(1.0, None), np.zeros(2))
    return Claim(
        "3.3", "sparsemax's norm is at most 1 and softmax's at most 1/2, at any scale",
        f"largest {sparsemax:.3f} and {softmax:.3f}; two equal scores reach {two:.3f}",
        sparsemax < 1 + 1e-12 and softmax <= 0.5 + 1e-12 and abs(two - 0.5) < 1e-12,
    )  # fmt: skip


def _ties() -> Claim:
    """All scores within gap of each other: the norm times S stays where it is."""
    spread = np.random.default_rng(1).uniform(size=_SLOTS)
    found = {}
    for gap in (1.0, 1e-2, 1e-4, 1e-5):
        a = 1.0 + gap * spread
        S = np.sort(a)[::-1][:_K_TOP].sum() - _K_TOP * np.sort(a)[::-1][_K_TOP] + _EPS
        found[gap] = norm(Threshold(_K_TOP + 1, 0.0, _EPS), a) * S
    told = ", ".join(f"{value:.2f} at gap {gap:g}" for gap, value in found.items())
    most = (1 + _K_TOP**0.5) * (1 + _K_TOP) ** 0.5
    bound = all(1 <= value <= most for value in found.values())
    return Claim("3.4", f"near ties it grows as 1 / S: norm times S stays between 1 and {most:.1f}", told, bound)


def _model() -> Claim:
    """A model whose w_a, and eps, shrink by a power of two: w_a's gradient grows by it, no other changes a bit."""
    c, (one, _), (small, w_a) = 2.0**-7, _gradients(1.0), _gradients(2.0**-7)
    others = all((one[name] == small[name]).all() for name in one if name != "w_a")
    ratio = np.linalg.norm(small["w_a"]) / np.linalg.norm(one["w_a"])
    along = abs(float(w_a @ small["w_a"])) / float(np.linalg.norm(w_a) * np.linalg.norm(small["w_a"]))
    return Claim(
        "3.5", "of a model, w_a's gradient alone grows as 1 / |w_a|, at a right angle to w_a",
        f"w_a 2^7 times smaller: its gradient is {ratio:.6g} times as large, cosine with w_a {along:.0e}; "
        f"all others equal to the last bit: {others}",
        others and (small["w_a"] * c == one["w_a"]).all() and along < 1e-4,  # the rest is eps d loss / d eps
    )  # fmt: skip


def _gradients(c: float) -> tuple[dict[str, Any], Any]:
    """The model's gradients with w_a and eps times c, and w_a."""
    config = SABConfig(input_size=2, hidden_size=5, output_size=2, k_top=3, eps=c * _EPS)
    params, rng, zero = init_params(config, 0, "float64"), np.random.default_rng(3), np.zeros((1, 5))
    params = {**params, "w_a": c * params["w_a"]}
    _, tape = plain.forward(config, params, rng.standard_normal((15, 1, 2)), zero, zero)
    return plain.backward(config, params, tape, rng.standard_normal((15, 1, 2))), params["w_a"]
