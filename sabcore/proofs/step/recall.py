"""Runs `recall.md` with the additive score and the threshold, each by its own page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sabcore.proofs.evaluate import Numbers, Run
from sabcore.proofs.half import Case, Half
from sabcore.proofs.stage import begin
from sabcore.proofs.step.score import ADDITIVE
from sabcore.proofs.step.sparsify import THRESHOLD
from sabcore.step.recall import recall, recall_backward
from sabcore.step.score import AdditiveScore
from sabcore.step.sparsify import Threshold

#: From the key and the query on: A.3 and A.4.
_JOIN = ADDITIVE.lines.definitions[2:]
_JOIN_BACKWARD = tuple(line for line in ADDITIVE.lines.starred if set(line.tags) & {"A.3", "A.4"})


def additive(numbers: Numbers) -> dict[str, Callable[..., Any]]:
    """`score` and `score*` by the page of the scores."""

    def score(run: Run, k: Any, q: Any, weights: Any) -> Any:
        return _joined(run, k, q, weights).values["a"]

    def score_backward(run: Run, da: Any) -> Any:
        after = _joined(run, run.values["k"], run.values["q"], run.values["weights"])
        after.values["da"] = da
        values = after.lines(_JOIN_BACKWARD).values
        return values["dk"], values["dq"], values["dw_a"]

    def _joined(run: Run, k: Any, q: Any, weights: Any) -> Run:
        sizes = {**run.sizes, "j": len(k), "l": run.sizes.get("l", 1)}
        return begin(ADDITIVE, Case("", sizes=sizes), numbers, {"k": k, "q": q, "w_a": weights}).lines(_JOIN)

    return {"score": score, "score*": score_backward}


def threshold(numbers: Numbers) -> dict[str, Callable[..., Any]]:
    """`sparsify` and `sparsify*` by the page of the sparsifiers; r, margin and eps are the run's."""

    def weigh(run: Run, a: Any) -> Run:
        sizes = {**run.sizes, "j": len(a), "i": len(a)}
        values = {name: run.values[name] for name in ("margin", "eps")}
        return begin(THRESHOLD, Case("", {"r": run.values["r"]}, sizes=sizes), numbers, {"a": a, **values})

    def sparsify(run: Run, a: Any) -> Any:
        return weigh(run, a).lines(THRESHOLD.lines.definitions).values["w"]

    def sparsify_backward(run: Run, dw: Any) -> Any:
        after = weigh(run, run.values["a"]).lines(THRESHOLD.lines.definitions)
        after.values["dw"] = dw
        return after.lines(THRESHOLD.lines.starred).values["da"]

    return {"sparsify": sparsify, "sparsify*": sparsify_backward}


def functions(numbers: Numbers, case: Case | None = None) -> dict[str, Callable[..., Any]]:
    return additive(numbers) | threshold(numbers)


def _engine(v: dict[str, Any], case: Case) -> dict[str, Any]:
    """The engine's read takes hhat and makes the query of it: W_q is one here, so that they are the same."""
    score = AdditiveScore(W_m=None, W_q=np.eye(len(v["q"])), w_a=v["weights"])
    sparsifier = Threshold(case.constants["r"], float(v["margin"]), float(v["eps"]))
    hhat, m, k = v["q"][None], v["m"][:, None], v["k"][:, None]
    _, cache = recall(hhat, m, k, score, sparsifier)
    read = recall_backward(v["ds"][:, None], hhat, m, k, cache, score, sparsifier)
    dm, dk = (_by_slot(each[:, 0], np.asarray(cache.slots)[:, 0], len(m)) for each in (read.dm, read.dk))
    return {"dm": dm, "dk": dk, "dq": read.dq[:, 0], "dweights": read.dweights["w_a"]}


def _by_slot(selected: Any, slots: Any, N: int) -> Any:
    """Rows of the selected slots -> a row for each of N slots, zero where none was selected."""
    rows = np.zeros((N, *selected.shape[1:]))
    rows[slots] = selected
    return rows


_POINT = {"margin": "0", "eps": "0.01"}

HALF = Half(
    page="step/recall",
    letter="M",
    shapes={
        "m": "j H", "k": "j A", "q": "A", "weights": "A", "margin": "", "eps": "", "a": "j", "w": "j", "s": "H",
        "ds": "l H", "dw": "l j", "da": "l j", "dq": "l A",
    },
    inputs=("m", "k", "q", "weights", "margin", "eps"),
    outputs=("s",),
    sizes={"j": 3, "i": 3, "l": 2, "H": 1, "A": 1},
    functions=functions,
    cases=(Case("rank 2 of 3", {"r": 2}, _POINT), Case("rank 1 of 3", {"r": 1}, _POINT)),
    more_cases=(
        Case("rank 3 of 4", {"r": 3}, _POINT, {"j": 4, "i": 4, "H": 3, "A": 2}),
        Case("negative margin", {"r": 2}, {"margin": "-0.5", "eps": "0.01"}, {"j": 4, "i": 4, "H": 2, "A": 3}),
    ),
    engine=_engine,
)  # fmt: skip
