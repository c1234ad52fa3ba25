"""Weights so large that exponentials are clamped, and memories that all tie."""

import numpy as np
import pytest

from sabcore.model.config import SABConfig
from tests.engine.cpu.agreement import SIZES, disagreements, make_case


@pytest.mark.parametrize("size", [10.0, 60.0, 500.0, 5000.0])
@pytest.mark.parametrize("cancel", [False, True])
@pytest.mark.parametrize("k_top", [2, None])
def test_large_keys_and_queries(size: float, cancel: bool, k_top: int | None) -> None:
    """Keys and queries far beyond what exp can hold; where they cancel, tanh(k + q) is far from saturated."""
    preset = "paper" if k_top else "self_attention"
    config = SABConfig.preset(preset, **SIZES, k_top=k_top, k_trunc=3)
    params, *rest = make_case(config, T=12, B=3, gain=1.0)
    params["W_m"] *= size
    params["W_q"] = -params["W_m"] if cancel else params["W_q"] * size
    # The exponentials of keys and queries are rounded separately, by parts of numbers as large as these.
    assert disagreements(config, (params, *rest), min(1e-9 * size, 1e-6)) == []


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_key_of_30_and_a_query_of_minus_25(dtype: str) -> None:
    """tanh(5), not tanh of two clamped halves; and further out, where the exponentials themselves give up."""
    from sabcore.engine.cpu.plan import make_plan, pack_weights

    config = SABConfig.paper(input_size=1, hidden_size=2, output_size=1, attention_size=3, k_top=1)
    plan = make_plan(config, T=1, B=1, dtype=dtype)
    for k, q in ((30, -25), (-30, 25), (400, -399), (-400, 400.5), (400, -30), (30, -400), (9000, -8999)):
        params = {name: np.zeros_like(value) for name, value in make_case(config, 1, 1, dtype=dtype)[0].items()}
        params["W_m"][:, 0], params["W_q"][:, 1], params["w_a"][:] = k, q, 1
        score = score_of_one_slot(plan, pack_weights(params), dtype)
        assert abs(score - 3 * np.tanh(k + q)) <= 3 * 1e-6, (k, q)


def score_of_one_slot(plan, weights, dtype: str) -> float:
    """The score of a memory (1, 0) for a state (0, 1)."""
    from numba import njit

    from sabcore.engine.cpu.score import query, score_range, write_keys

    @njit(error_model="numpy")
    def compiled(plan, weights, h, hhat, keys, q, e, reach, a):
        write_keys(plan, weights, h[1], 0, keys, q)
        query(plan, weights, hhat, q, e, reach)
        score_range(plan, weights, h, 0, keys[0], q[0], e[0], reach[0], a, 0, 1)
        return a[0]

    blank = lambda *shape: np.zeros(shape, dtype)  # noqa: E731
    h, hhat = blank(2, 1, 2), blank(1, 2)
    h[1, 0, 0] = hhat[0, 1] = 1
    return compiled(plan, weights, h, hhat, blank(1, 1, 3), blank(1, 3), blank(1, 3), blank(1), blank(1))
