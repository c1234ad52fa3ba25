"""The functions that the pages of the block and of the whole call by name: stand-ins, or each by its own page.

The stand-ins are no norm and no attention: any functions will do to prove how the parts are put together, if each has a
derivative that depends on the point and no two of them commute.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from sabcore.proofs.evaluate import Numbers, Run
from sabcore.proofs.half import Case, Half
from sabcore.proofs.stage import begin
from sabcore.proofs.transformer import attention, feed_forward, layer_norm
from sabcore.transformer.layer_norm import EPS

Functions = dict[str, Callable[..., Any]]


def stand_ins(numbers: Numbers, names: tuple[str, ...]) -> Functions:
    """f(x) = a x^2 + b x rolled over all elements, with other a and b for each; and its product with a gradient."""

    def made(a: Any, b: Any, by: int) -> tuple[Callable[..., Any], Callable[..., Any]]:
        def function(run: Run, x: Any) -> Any:
            return _rolled(a * x * x + b * x, by)

        def product(run: Run, dy: Any, x: Any) -> Any:
            return _rolled(dy, -by) * (2 * a * x + b)

        return function, product

    found: Functions = {}
    for at, name in enumerate(names, start=1):
        found[name], found[f"{name}*"] = made(numbers.number(str(at)), numbers.number(f"0.{at}"), at)
    return found


def _rolled(x: Any, by: int) -> Any:
    flat = x.reshape(-1)
    return flat[[(at - by) % len(flat) for at in range(len(flat))]].reshape(x.shape)


def by_page(numbers: Numbers) -> Functions:
    """Each function by its own page, with the run's weights; those of the norm are the same wherever it is called."""
    return {**_of(numbers, layer_norm.HALF, _of_norm), **_of(numbers, attention.HALF, _of_attention),
            **_of(numbers, feed_forward.HALF, _of_feed_forward)}  # fmt: skip


def _of(numbers: Numbers, half: Half, case_of: Callable[[Numbers, Run, int], tuple[Case, Any]]) -> Functions:
    """x -> y and dy, x -> dx of a page, under the name of its file."""

    def at(run: Run, x: Any) -> tuple[Case, Run]:
        case, others = case_of(numbers, run, len(x))
        given = {name: run.values[name] for name in half.inputs if name in run.values}
        return case, begin(half, case, numbers, {**given, **others, "x": x}).lines(half.lines.definitions)

    def function(run: Run, x: Any) -> Any:
        return at(run, x)[1].values["y"]

    def product(run: Run, dy: Any, x: Any) -> Any:
        case, forward = at(run, x)
        return begin(half, case, numbers, {**forward.values, "dy": dy}).lines(half.lines.starred).values["dx"]

    name = half.page.rpartition("/")[2]
    return {name: function, f"{name}*": product}


def _of_norm(numbers: Numbers, run: Run, T: int) -> tuple[Case, dict[str, Any]]:
    H = len(run.values["gain"])
    return Case("", {"H": H}, sizes={"t": T, "j": H, "i": H}), {"eps": numbers.number(repr(EPS))}


def _of_attention(numbers: Numbers, run: Run, T: int) -> tuple[Case, dict[str, Any]]:
    n, E, _ = run.values["W_q"].shape
    case = Case("", {"past": attention.past(T)}, sizes={"n": n, **attention.sizes(T)})
    return case, {"scale": numbers.number(str(math.isqrt(E)))}


def _of_feed_forward(numbers: Numbers, run: Run, T: int) -> tuple[Case, dict[str, Any]]:
    return Case("", sizes={"t": T, "j": len(run.values["b_1"])}), {}


#: The shapes of what the functions by page take from a run: see their halves.
WEIGHTS = {
    "gain": "H", "bias": "H", "W_q": "N E H", "W_k": "N E H", "W_v": "N E H", "W_o": "N H E",
    "W_1": "F H", "b_1": "F", "W_2": "H F", "b_2": "H",
}  # fmt: skip


def block_params(v: dict[str, Any]) -> dict[str, Any]:
    """The same, as the parameters of a block."""
    stacked = {name: attention.stacked(v[name]) for name in ("W_q", "W_k", "W_v")}
    norms = {"gain_p": v["gain"], "bias_p": v["bias"], "gain_r": v["gain"], "bias_r": v["bias"]}
    of_layer = {name: v[name] for name in ("W_1", "b_1", "W_2", "b_2")}
    return {**norms, **stacked, "W_o": attention.side_by_side(v["W_o"]), **of_layer}
