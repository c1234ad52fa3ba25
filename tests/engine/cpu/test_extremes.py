"""Weights so large that exponentials are clamped, and memories that all tie."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sabcore.compare.tensors import compare, largest
from sabcore.compare.tolerance import CAP, EPS, SENSITIVITY
from sabcore.engine import cpu, plain
from sabcore.model.config import SABConfig
from sabcore.step.score import AdditiveScore, make_score
from tests.engine.cpu.agreement import SIZES, disagreements, make_case, run


def score_spread(config: SABConfig, case: Any, want: dict[str, np.ndarray], monkeypatch: Any) -> dict[str, float]:
    """How far each result moves when every score is rounded otherwise, by an ulp of the sum of |w_a|, each by itself.

    Where tanh is saturated, all scores are sums of the same numbers, and tie. An ulp in an input moves them together,
    and so shows nothing; what sets them apart is the rounding of each sum, in an order that engines may choose.
    """
    rng, found = np.random.default_rng(0), dict.fromkeys(want, 0.0)

    class Rounded(AdditiveScore):
        def score(self, k: Any, q: Any) -> Any:
            a = super().score(k, q)
            return a + EPS * np.abs(self.w_a).sum() * rng.choice((-1.0, 0.0, 1.0), a.shape)

    with monkeypatch.context() as patched:
        patched.setattr(plain, "make_score", lambda *args: Rounded(*make_score(*args)))  # type: ignore[misc]
        for _ in range(8):
            again = run(plain, config, case)[0]
            found = {name: max(found[name], largest(again[name] - value)) for name, value in want.items()}
    return found


@pytest.mark.parametrize("size", [10.0, 60.0, 500.0, 5000.0])
@pytest.mark.parametrize("cancel", [False, True])
@pytest.mark.parametrize("k_top", [2, None])
def test_large_keys_and_queries(size: float, cancel: bool, k_top: int | None, monkeypatch: Any) -> None:
    """Keys and queries far beyond what exp can hold; where they cancel, tanh(k + q) is far from saturated."""
    preset = "paper" if k_top else "self_attention"
    config = SABConfig.preset(preset, **SIZES, k_top=k_top, k_trunc=3)
    params, *rest = make_case(config, T=12, B=3, gain=1.0)
    params["W_m"] *= size
    params["W_q"] = -params["W_m"] if cancel else params["W_q"] * size
    case = params, *rest
    if k_top is None or size <= 10:
        assert disagreements(config, case) == []
        return
    got, want = (run(engine, config, case)[0] for engine in (cpu, plain))
    moved = score_spread(config, case, want, monkeypatch)
    sizes = {name: largest(value) for name, value in want.items()}
    allowed = {name: min(CAP["float64"], max(1e-10, SENSITIVITY * moved[name] / sizes[name])) for name in want}
    assert [report for report in compare(got, want, allowed) if not report.passed] == []
