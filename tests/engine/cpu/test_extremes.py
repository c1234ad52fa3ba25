"""Weights so large that exponentials are clamped, and memories that all tie."""

import pytest

from sabcore.compare.tolerance import CAP
from sabcore.model.config import SABConfig
from tests.engine.cpu.agreement import SIZES, disagreements, make_case


@pytest.mark.parametrize("size", [10.0, 60.0, 500.0, 5000.0])
@pytest.mark.parametrize("cancel", [False, True])
@pytest.mark.parametrize("k_top", [2, None])
def test_large_keys_and_queries(size: float, cancel: bool, k_top: int | None) -> None:
    """Keys and queries far beyond what exp can hold; where they cancel, tanh(k + q) is far from saturated.

    Where it is saturated, scores are sums of the same numbers, which tie but for the order of the sum. A threshold
    divides by what sets them apart: as far as `tolerance` lets any result of a threshold go, and no further.
    """
    preset = "paper" if k_top else "self_attention"
    config = SABConfig.preset(preset, **SIZES, k_top=k_top, k_trunc=3)
    params, *rest = make_case(config, T=12, B=3, gain=1.0)
    params["W_m"] *= size
    params["W_q"] = -params["W_m"] if cancel else params["W_q"] * size
    tied = k_top is not None and size > 10
    assert disagreements(config, (params, *rest), CAP["float64"] if tied else 1e-10) == []
