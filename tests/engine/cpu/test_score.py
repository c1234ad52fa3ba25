"""Scores small and large, of whole models and of one slot: as accurate as the plain engine's."""

from typing import Any

import numpy as np
import pytest
from numba import njit

from sabcore.compare.tensors import largest
from sabcore.compare.tolerance import EPS, SENSITIVITY, spread
from sabcore.engine import cpu, plain
from sabcore.engine.cpu.borrow import block_of
from sabcore.engine.cpu.buffers import scratch, tape_buffers
from sabcore.engine.cpu.plan import make_plan, pack_weights
from sabcore.engine.cpu.score import query, score_range, write_keys
from sabcore.model.config import SABConfig
from sabcore.reference.conditioning import conditioning
from sabcore.reference.replay import record
from tests.engine.cpu.agreement import SIZES, disagreements, make_case, run


def rounding(config: SABConfig, case: Any, want: Any, dtype: str) -> dict[str, float]:
    """What an ulp of `dtype` in the inputs does to each result, at least one rounding of the largest of its kind."""
    params, *inputs = case
    named = dict(zip(("x", "h0", "c0", "dy"), inputs, strict=True))

    def plainly(moved: Any) -> dict[str, np.ndarray]:
        return run(plain, config, ({name: moved[name] for name in params}, *(moved[name] for name in named)))[0]

    eps = float(np.finfo(dtype).eps)
    moved, kinds = spread(plainly, params | named, want), {True: 0.0, False: 0.0}
    for name, value in want.items():
        kinds[name.startswith("grad.")] = max(kinds[name.startswith("grad.")], largest(value))
    return {name: eps * max(moved[name] / EPS, kinds[name.startswith("grad.")]) for name in want}


def decided_case(config: SABConfig, scale: float, dtype: str) -> Any:
    """The first random case in which rounding decides no selection: in dtype, its float64 results, and its rounding."""
    for seed in range(40):
        case = make_case(config, T=5, B=2, seed=seed, dtype=dtype, gain=scale)
        weights, states = case[0], [each.astype("float64") for each in case[1:]]
        wide = ({name: value.astype("float64") for name, value in weights.items()}, *states)
        want = run(plain, config, wide)[0]
        units = rounding(config, wide, want, dtype)
        scores = [largest(a) for a in record(config.to_dict(), *wide[:4]).a if a is not None]
        drift = max(units["h"] / largest(want["h"]), float(np.finfo(dtype).eps))
        if conditioning(config.to_dict(), *wide[:4]).gap > SENSITIVITY * drift * max(scores):
            return case, want, units
    raise AssertionError("every case is a near tie")


#: The largest power of ten at which a threshold's reads are not decided by rounding, so that two right programs must
#: agree; `test_extremes` has larger keys and queries under a threshold, in an LSTM of the usual size.
DECIDED = {"paper": 2, "dev2018": 0, "self_attention": 3}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("preset", "power"), [(preset, power) for preset, most in DECIDED.items() for power in range(-6, most + 1)]
)
def test_as_accurate_as_the_plain_engine_at_every_scale(preset: str, power: int, dtype: str) -> None:
    """All weights scaled. An error of one eps in each tanh is 5 % of a float32 summary at 0.01, all of it at 0.001."""
    config = SABConfig.preset(preset, **SIZES, k_top=None if preset == "self_attention" else 2, k_trunc=3)
    case, want, units = decided_case(config, 10.0**power, dtype)
    for engine in (plain, cpu):
        got = run(engine, config, case)[0]
        over = {name: largest(got[name].astype("float64") - want[name]) / units[name] for name in want}
        assert all(value <= SENSITIVITY for value in over.values()), (engine.__name__, over)


def test_far_keys_are_made_again_in_buffers_that_were_used_before() -> None:
    config = SABConfig.self_attention(**SIZES, k_trunc=3)
    for seed in range(2):
        params, *rest = make_case(config, T=8, B=2, seed=seed, gain=1.0)
        params["W_m"], params["W_q"] = 20 * params["W_m"], 20 * params["W_q"]
        assert disagreements(config, (params, *rest)) == []


@njit(error_model="numpy")
def _one_score(plan, weights, all_tape, all_scratch, hhat):
    tape, scratch = block_of(all_tape, 0), block_of(all_scratch, 0)
    write_keys(plan, weights, tape.h[1], 0, tape, scratch.q)
    query(plan, weights, hhat, scratch)
    score_range(plan, weights, tape, scratch, 0, 0, 1)
    return scratch.scores[0]


def one_score(k: np.ndarray, q: np.ndarray, w_a: np.ndarray) -> float:
    """The score of a slot with the key k for the query q, k q w_a (A,): the memory is (1, 0), the state (0, 1)."""
    dtype = str(k.dtype)
    config = SABConfig.paper(input_size=1, hidden_size=2, output_size=1, attention_size=len(k), k_top=1)
    plan = make_plan(config, T=1, B=1, dtype=dtype)
    params = {name: np.zeros_like(value) for name, value in make_case(config, 1, 1, dtype=dtype)[0].items()}
    params["W_m"][:, 0], params["W_q"][:, 1], params["w_a"][:] = k, q, w_a
    tape, hhat = tape_buffers(plan, dtype, 1), np.array([[0, 1]], dtype)
    tape.h[0, 1, 0, 0] = 1
    return float(_one_score(plan, pack_weights(params), tape, scratch(plan, dtype), hhat))


def score_error(k: np.ndarray, q: np.ndarray, w_a: np.ndarray) -> float:
    """The error of a score over what Theorem 1 allows it: u sum |w_a| min(1, |k| + |q|)."""
    wide = [each.astype(np.longdouble) for each in (k, q, w_a)]
    want = (wide[2] * np.tanh(wide[0] + wide[1])).sum()
    size = (np.abs(wide[2]) * np.minimum(1, np.abs(wide[0]) + np.abs(wide[1]))).sum()
    return float(abs(one_score(k, q, w_a) - want) / size / (np.finfo(k.dtype).eps / 2))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("A", [1, 2, 7, 64])
@pytest.mark.parametrize("large", [0.3, 3.0, 12.0, 40.0, 400.0])
def test_small_units_beside_large_ones(large: float, A: int, dtype: str) -> None:
    """The large units have small weights, or none, so that the score is made of the small ones."""
    rng = np.random.default_rng(0)
    for large_weight in (0.0, 1e-6, 1.0):
        is_large, opposite = rng.random(A) < 0.3, rng.random(A) < 0.5
        k = np.where(is_large, large, 1e-4) * rng.normal(size=A)
        q = np.where(
            opposite, -k * (1 + 0.1 * rng.normal(size=A)), np.where(is_large, large, 1e-4) * rng.normal(size=A)
        )
        w_a = np.where(is_large, large_weight, 1.0) * rng.normal(size=A)
        if w_a.any():
            assert score_error(k.astype(dtype), q.astype(dtype), w_a.astype(dtype)) <= 32


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("k", "q"),
    [(30, -25), (-30, 25), (40, -50), (-40, 50), (16, -7.5), (16, -30), (200, -199), (400, -399), (-400, 400.5),
     (400, -30), (30, -400), (9000, -8999), (360, -380), (-340, 360), (20, 20), (-500, -500)],
)  # fmt: skip
def test_large_and_opposite(k: float, q: float, dtype: str) -> None:
    """tanh(5), not tanh of two clamped halves; and further out, where the exponentials themselves give up."""
    assert score_error(*(np.full(3, value, dtype) for value in (k, q, 1.0))) <= 32
