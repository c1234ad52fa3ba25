"""Checking the engine itself: its gradients against oracles that share no code with it, tensor by tensor."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from sabcore.array.library import on_host
from sabcore.compare.report import as_values, line
from sabcore.compare.tensors import TensorReport, Tensors, compare
from sabcore.compare.tolerance import measured_floors
from sabcore.engine import forward
from sabcore.engine.results import results
from sabcore.model.config import SABConfig, left_to_caller
from sabcore.model.params import init_params
from sabcore.reference import autograd, complex_step, differences

#: The largest error allowed in float64, scaled by the tensor's largest value. What an oracle can tell sets it: reverse
#: mode in another order of operations, central differences, and the complex step, which has rounding error alone.
ALLOWED = {"autograd": 1e-10, "central differences": 1e-6, "complex step": 1e-12}
#: In float32 the engine's own rounding sets it, against every oracle: for outputs and states, and for gradients.
ALLOWED_FLOAT32 = {"states": 2e-5, "gradients": 1e-3}

#: Sizes that differ pairwise, so that no two axes can be mistaken for each other.
SIZES: dict[str, Any] = {"input_size": 3, "hidden_size": 5, "output_size": 4, "attention_size": 6}
T, B, K_TOP = 11, 2, 3
TRUNCATIONS: dict[str, dict[str, Any]] = {
    "full": {},
    "segment": {"k_trunc": 4},
    "sliding": {"truncation": "sliding", "k_trunc": 3, "k_remind": 2},
}
#: x (T,B,I), dy (T,B,O), h0 and c0 (B,H) are told from the parameters by their names.
INPUTS = ("x", "dy", "h0", "c0")


@dataclass(frozen=True)
class Finding:
    """One tensor of one case against one oracle."""

    preset: str
    truncation: str
    oracle: str
    report: TensorReport

    def __str__(self) -> str:
        return f"{self.preset}, {self.truncation}, against {self.oracle}: {line(self.report)}"

    def as_values(self) -> dict[str, Any]:
        """JSON-ready."""
        where = {"preset": self.preset, "truncation": self.truncation, "oracle": self.oracle}
        return where | as_values(self.report)


def oracles() -> dict[str, Callable[..., Tensors]]:
    """The oracles that this installation can run: `autograd` is among them where PyTorch is installed."""
    found = {"complex step": complex_step.gradients, "central differences": _differences}
    return {"autograd": autograd.gradients} | found if importlib.util.find_spec("torch") else found


def check_preset(
    preset: str, seed: int = 0, dtype: str = "float64", xp: Any = np, engine: str = "auto"
) -> Iterator[Finding]:
    """Run `preset` with every truncation on random data and compare all tensors with every oracle.

    Args:
        seed: of parameters, inputs, initial state and cotangent.
        dtype: what the engine computes in; the oracles compute in float64 from the same, rounded, numbers.
        xp: `numpy` or `cupy`, where the engine computes.
        engine: which one; see `sabcore.forward`.
    """
    for truncation, fields in TRUNCATIONS.items():
        config = SABConfig.preset(preset, **SIZES, **dict.fromkeys(left_to_caller(preset), K_TOP), **fields)
        case = _random_case(config, seed, dtype)
        got, exact = _compute(config, case, xp, engine), {name: value.real for name, value in case.items()}
        for oracle, gradients in oracles().items():
            want = gradients(config.to_dict(), *_arguments(exact))
            allowed = {tensor: _bar(oracle, tensor, dtype) for tensor in want}
            for report in compare(got, want, allowed, partial(_floors, config, exact, allowed, dtype)):
                yield Finding(preset, truncation, oracle, report)


def _random_case(config: SABConfig, seed: int, dtype: str) -> dict[str, np.ndarray]:
    """x, dy, h0, c0 and parameters by name, drawn in float64 and rounded to `dtype`."""
    rng, state = np.random.default_rng([seed, 1]), (B, config.hidden_size)
    shapes = dict(zip(INPUTS, [(T, B, config.input_size), (T, B, config.output_size), state, state], strict=True))
    drawn = {name: rng.standard_normal(shape).astype(dtype) for name, shape in shapes.items()}
    return drawn | init_params(config, seed, dtype)


def _arguments(case: Tensors) -> tuple[Any, ...]:
    """params, x, dy, h0, c0: what engines and oracles take after the configuration."""
    params = {name: value for name, value in case.items() if name not in INPUTS}
    return params, *(case[name] for name in INPUTS)


def _compute(config: SABConfig, case: Tensors, xp: Any = np, engine: str = "plain") -> dict[str, np.ndarray]:
    """All the engine's results, on the host, by the names that vector files use."""
    there = {name: xp.asarray(value) for name, value in case.items()}
    found = results(config, *_arguments(there), forward=partial(forward, engine=engine))
    return {name: on_host(value) for name, value in found.items()}


def _floors(config: SABConfig, case: Tensors, allowed: Mapping[str, float], dtype: str) -> dict[str, float]:
    """The least scale of each result, measured on the plain engine in float64."""
    return measured_floors(partial(_compute, config), case, allowed, dtype)


def _differences(*case: Any) -> Tensors:
    values, _ = differences.gradients(*case)
    return values


def _bar(oracle: str, tensor: str, dtype: str) -> float:
    if dtype == "float32":
        return ALLOWED_FLOAT32["gradients" if tensor.startswith("grad.") else "states"]
    return ALLOWED[oracle]
