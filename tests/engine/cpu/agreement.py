"""Shared by the tests of the CPU engine: a random case, both engines on it, and how far apart they are."""

from __future__ import annotations

from typing import Any

import numpy as np

from sabcore.engine import cpu, plain
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
    return {"y": y} | engine.backward(config, params, tape, dy), tape


def worst(got: dict[str, np.ndarray], want: dict[str, np.ndarray]) -> tuple[float, str]:
    """The largest error over the tensors, each scaled by that tensor's largest value, and where it is.

    du_q of a threshold's read is zero in exact arithmetic and rounding in any other: it is held against du_m.
    """
    assert set(got) == set(want)
    errors = []
    for name, value in want.items():
        assert got[name].shape == value.shape, name
        assert got[name].dtype == value.dtype, name
        scale = np.abs(want["u_m"] if name == "u_q" else value).max()
        errors.append((float(np.abs(got[name] - value).max() / (scale or 1.0)), name))
    return max(errors)


def assert_engines_agree(config: SABConfig, T: int, B: int, *, tolerance: float = 1e-10, **options: Any) -> None:
    case = make_case(config, T, B, **options)
    error, name = worst(run(cpu, config, case)[0], run(plain, config, case)[0])
    assert error <= tolerance, f"{name} is off by {error:.1e}, but should be within {tolerance:.0e}; {config}"
