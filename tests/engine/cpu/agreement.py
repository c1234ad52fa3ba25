"""Shared by the tests of the CPU engine: a random case, both engines on it, and where they disagree."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from sabcore.compare.report import failures
from sabcore.compare.tensors import compare
from sabcore.compare.tolerance import measured_floors
from sabcore.engine import cpu, plain
from sabcore.engine.results import by_name
from sabcore.model.config import SABConfig
from sabcore.model.params import init_params

SIZES = {"input_size": 3, "hidden_size": 7, "output_size": 4, "attention_size": 5}


def make_case(config: SABConfig, T: int, B: int, *, seed: int = 0, dtype: str = "float64", gain: float = 3.0) -> Any:
    """params, x (T,B,I), h0 c0 (B,H), dy (T,B,O); weights `gain` times the usual, so that nothing is nearly linear."""
    rng = np.random.default_rng(seed)
    params = {name: (gain * value).astype(dtype) for name, value in init_params(config, seed, "float64").items()}
    shapes = (T, B, config.input_size), (B, config.hidden_size), (B, config.hidden_size), (T, B, config.output_size)
    return params, *(rng.normal(size=shape).astype(dtype) for shape in shapes)


def run(engine: Any, config: SABConfig, case: Any, **options: Any) -> tuple[dict[str, np.ndarray], Any]:
    """y and every gradient by name, and the tape."""
    params, x, h0, c0, dy = case
    y, tape = engine.forward(config, params, x, h0, c0, **options)
    return by_name(y, tape, engine.backward(config, params, tape, dy)), tape


def disagreements(config: SABConfig, case: Any, allowed: float = 1e-10, got: Any = None) -> list[str]:
    """A line for each result of the CPU engine (or `got`) that is not the plain engine's in dtype, or not its numbers.

    `allowed` is widened only where rounding alone, as measured on the plain engine, does more.
    """
    got, want = run(cpu, config, case)[0] if got is None else got, run(plain, config, case)[0]
    other = [f"{name}: {got[name].dtype}" for name in want if name in got and got[name].dtype != want[name].dtype]
    extra = [f"{name}: not asked for" for name in got if name not in want]
    return other + extra + failures(compare(got, want, allowed, partial(floors, config, case, allowed)))


def floors(config: SABConfig, case: Any, allowed: float | Mapping[str, float]) -> dict[str, float]:
    """The least scale of each result, measured on the plain engine in float64."""
    params, *inputs = case
    named = dict(zip(("x", "h0", "c0", "dy"), inputs, strict=True))

    def plainly(moved: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        weights = {name: moved[name] for name in params}
        return run(plain, config, (weights, *(moved[name] for name in named)))[0]

    return measured_floors(plainly, {**params, **named}, allowed, str(named["x"].dtype))


def assert_engines_agree(config: SABConfig, T: int, B: int, **options: Any) -> None:
    assert disagreements(config, make_case(config, T, B, **options)) == [], config
