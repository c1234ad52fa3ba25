"""Both scores: the formula of the paper and of the released code, and backwards that are complex steps."""

from typing import Any

import numpy as np
import pytest

from sabcore import SABConfig
from sabcore.compare.report import failures
from sabcore.compare.tensors import compare
from sabcore.step.score import AdditiveScore, SeparableScore, make_score
from tests.step.vjp import normal, vjp

N, B, H, A, LEVELS = 5, 2, 3, 4, 2
WEIGHTS: dict[Any, dict[str, tuple[int, ...]]] = {
    AdditiveScore: {"W_m": (A, H), "W_q": (A, H), "w_a": (A,)},
    SeparableScore: {"u_q": (H,), "u_m": (H,)},
}


def scores(kind, m, hhat, **weights):
    score = kind(**weights)
    return score.score(score.key(m), score.query(hhat))


def test_the_formulas_written_out():
    given = normal(0, m=(N, B, H), hhat=(B, H), **WEIGHTS[AdditiveScore], **WEIGHTS[SeparableScore])
    additive, separable = (
        scores(kind, given["m"], given["hhat"], **{name: given[name] for name in WEIGHTS[kind]}) for kind in WEIGHTS
    )
    for j, row in np.ndindex(N, B):
        m, hhat = given["m"][j, row], given["hhat"][row]
        want = given["w_a"] @ np.tanh(given["W_m"] @ m + given["W_q"] @ hhat)
        assert additive[j, row] == pytest.approx(want, rel=1e-13, abs=1e-14)
        assert separable[j, row] == pytest.approx(given["u_q"] @ np.tanh(hhat) + given["u_m"] @ np.tanh(m), rel=1e-13)


@pytest.mark.parametrize("kind", WEIGHTS, ids=lambda kind: kind.__name__)
def test_the_backwards_are_the_complex_step_of_the_forward(kind):
    weights, states = normal(1, **WEIGHTS[kind]), normal(2, m=(N, B, H), hhat=(B, H))
    score, da = kind(**weights), normal(3, da=(LEVELS, N, B))["da"]
    k, q = score.key(states["m"]), score.query(states["hhat"])
    dk, dq, dweights = score.score_backward(da, k, q)
    want = vjp(lambda **moved: scores(kind, **moved), {**states, **weights}, da.sum(axis=0))
    got = dweights | score.weights_backward(dk, states["m"], dq.sum(axis=0)[None], states["hhat"][None])
    got |= {"m": score.key_backward(dk, states["m"]), "hhat": score.query_backward(dq, states["hhat"]).sum(axis=0)}
    assert failures(compare(got, want, 1e-13)) == []
    for level in range(LEVELS):  # the query's gradients stay apart, level by level
        alone = vjp(lambda hhat: scores(kind, states["m"], hhat, **weights), {"hhat": states["hhat"]}, da[level])
        got = {"hhat": score.query_backward(dq, states["hhat"])[level]}
        assert failures(compare(got, alone, 1e-13)) == []


def test_the_config_names_the_score():
    given = normal(4, **WEIGHTS[AdditiveScore], **WEIGHTS[SeparableScore])
    sizes = {"input_size": 1, "hidden_size": H, "output_size": 1, "k_top": 1}
    for kind, name in ((AdditiveScore, "additive"), (SeparableScore, "separable")):
        score = make_score(SABConfig.paper(**sizes, score=name), given)
        assert isinstance(score, kind)
        assert all(value is given[weight] for weight, value in score._asdict().items())
