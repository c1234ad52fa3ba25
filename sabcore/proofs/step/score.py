"""Runs `score.md`: a query and three slots, with two gradient levels."""

from __future__ import annotations

from typing import Any

from sabcore.proofs.half import Case, Half
from sabcore.step.score import AdditiveScore, Score, SeparableScore


def _engine(score: Score, v: dict[str, Any]) -> dict[str, Any]:
    """v of one batch row -> the gradients of everything. The weights' gradients take the query's summed over levels."""
    m, hhat, da = v["m"][:, None], v["hhat"][None], v["da"][:, :, None]
    dk, dq, dweights = score.score_backward(da, score.key(m), score.query(hhat))
    dhhat, dm = score.query_backward(dq, hhat), score.key_backward(dk, m)
    weights = dweights | score.weights_backward(dk, m, dq.sum(axis=0)[None], hhat[None])
    inner = {"dk": dk[:, 0], "dq": dq[:, 0], "dhhat": dhhat[:, 0], "dm": dm[:, 0]}
    return inner | {f"d{name}": value for name, value in weights.items()}


def _additive(v: dict[str, Any], case: Case) -> dict[str, Any]:
    return _engine(AdditiveScore(v["W_m"], v["W_q"], v["w_a"]), v)


def _separable(v: dict[str, Any], case: Case) -> dict[str, Any]:
    return _engine(SeparableScore(v["u_q"], v["u_m"]), v)


ADDITIVE = Half(
    page="step/score",
    letter="A",
    shapes={
        "m": "j H", "hhat": "H", "W_m": "A H", "W_q": "A H", "w_a": "A",
        "k": "j A", "q": "A", "e": "j A", "a": "j",
        "da": "l j", "da_sum": "j", "slope": "j A", "dq": "l A", "dhhat": "l H",
    },
    inputs=("m", "hhat", "W_m", "W_q", "w_a"),
    outputs=("a",),
    sizes={"j": 3, "l": 2, "H": 2, "A": 2},
    engine=_additive,
    more_cases=(Case("wide", sizes={"j": 4, "l": 3, "H": 3, "A": 2}),),
)  # fmt: skip

SEPARABLE = Half(
    page="step/score",
    letter="P",
    shapes={
        "m": "j H", "hhat": "H", "u_m": "H", "u_q": "H", "k": "j", "q": "", "a": "j",
        "da": "l j", "dq": "l", "dhhat": "l H",
    },
    inputs=("m", "hhat", "u_m", "u_q"),
    outputs=("a",),
    sizes={"j": 3, "l": 2, "H": 2},
    engine=_separable,
    more_cases=(Case("wide", sizes={"j": 4, "l": 3, "H": 3}),),
)  # fmt: skip

HALVES = (ADDITIVE, SEPARABLE)
