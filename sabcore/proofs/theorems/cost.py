"""Section 6: what a pass costs, counted: the plain engine runs on numbers that count how often they are multiplied."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from sabcore.engine import plain
from sabcore.model.config import SABConfig
from sabcore.model.params import init_params
from sabcore.proofs.theorems.claim import Claim
from sabcore.proofs.theorems.counted import Counted, counted

_A = 4


def check() -> list[Claim]:
    return [_in_time(), _scores(), _in_k_top(), _in_levels(), _in_units()]


def count(T: int, **fields: Any) -> tuple[int, int]:
    """Multiplications of a forward and of a backward pass over T steps of one row."""
    sizes = {"input_size": 2, "hidden_size": 3, "output_size": 2, "attention_size": _A, "k_top": 2}
    config = SABConfig(**{**sizes, **fields})
    rng = np.random.default_rng(0)
    params = {name: counted(value) for name, value in init_params(config, 0, "float64").items()}
    x, dy = (counted(rng.standard_normal((T, 1, 2))) for _ in range(2))
    zero = counted(np.zeros((1, config.hidden_size)))
    Counted.multiplications = 0
    _, tape = plain.forward(config, params, x, zero, zero)
    forward = Counted.multiplications
    plain.backward(config, params, tape, dy)
    return forward, Counted.multiplications - forward


def _a_step(**fields: Any) -> int:
    """Multiplications of one more step of the backward pass, once the memory is large enough."""
    return count(41, **fields)[1] - count(40, **fields)[1]


def _differences(values: list[int]) -> list[int]:
    return [after - before for before, after in pairwise(values)]


def _grows_evenly(cost: Callable[[int], int], sizes: range) -> tuple[bool, int]:
    """Whether every size more costs the same, and how much."""
    steps = set(_differences([cost(size) for size in sizes]))
    return len(steps) == 1, min(steps)


def _in_time() -> Claim:
    even, each = _grows_evenly(lambda T: count(T)[1], range(20, 28))
    sentence = "a step of the backward pass costs the same whatever the memory holds"
    return Claim("6.1", sentence, f"{each} multiplications at steps 21 to 27", even)


def _scores() -> Claim:
    """The second difference of the forward pass over k_att steps: what one slot more costs in as many."""
    found = {}
    for k_att in (1, 2, 4):
        totals = [count(T, k_att=k_att)[0] for T in range(24, 24 + 5 * k_att, k_att)]
        found[k_att] = {second for second in _differences(_differences(totals))}
    told = ", ".join(f"{sorted(more)} at k_att {k_att}" for k_att, more in found.items())
    right = all(more == {_A * k_att} for k_att, more in found.items())
    sentence = "the forward pass is quadratic by its scores alone: a slot more costs A a step"
    return Claim("6.2", sentence, f"with A = {_A}, for k_att steps: {told}", right)


def _in_k_top() -> Claim:
    even, each = _grows_evenly(lambda k_top: _a_step(k_top=k_top), range(1, 6))
    return Claim("6.3", "a step back is linear in k_top", f"{each} multiplications a slot", even)


def _in_levels() -> Claim:
    segments = {_a_step(k_trunc=k_trunc) for k_trunc in (2, 3, 7)} | {_a_step()}
    even, each = _grows_evenly(lambda k_trunc: _a_step(truncation="sliding", k_trunc=k_trunc), range(1, 6))
    measured = f"{sorted(segments)} multiplications a step in segments, {each} more for each level"
    return Claim("6.4", "segments cost nothing, sliding is linear in k_trunc", measured, even and len(segments) == 1)


def _in_units() -> Claim:
    steps = _differences([_a_step(hidden_size=H) for H in range(2, 8)])
    even, each = _grows_evenly(lambda at: steps[at], range(len(steps)))
    measured = f"4 H^2 for W_hh dz and 4 H^2 for dW_hh: second difference {each}"
    return Claim("6.5", "a step back is quadratic in H", measured, even and each == 2 * (4 + 4))
