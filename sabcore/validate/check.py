"""Checking the engine itself: its gradients against oracles that share no code with it, tensor by tensor."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sabcore.engine import backward, forward
from sabcore.model.config import PRESETS, SABConfig
from sabcore.model.params import init_params
from sabcore.reference import autograd, complex_step, differences
from sabcore.reference.compare import scaled_error, small_enough
from sabcore.reference.rounding import EPS, spread

#: The largest error allowed in float64, scaled by the tensor's largest value. What an oracle can tell sets it: reverse
#: mode in another order of operations, central differences, and the complex step, which has rounding error alone.
ALLOWED = {"autograd": 1e-10, "central differences": 1e-6, "complex step": 1e-12}
#: In float32 the engine's own rounding sets it, against every oracle: for outputs and states, and for gradients.
ALLOWED_FLOAT32 = {"states": 2e-5, "gradients": 1e-3}
#: How many times its measured sensitivity to one ulp in the inputs a tensor may be off. It counts only where a sum
#: cancels or scores nearly tie, as in the query weights' gradient of a separable score, which is zero but for rounding.
SENSITIVITY = 64

#: Sizes that differ pairwise, so that no two axes can be mistaken for each other.
SIZES: dict[str, Any] = {"input_size": 3, "hidden_size": 5, "output_size": 4, "attention_size": 6}
T, B, K_TOP = 11, 2, 3
TRUNCATIONS: dict[str, dict[str, Any]] = {
    "full": {},
    "segment": {"k_trunc": 4},
    "sliding": {"truncation": "sliding", "k_trunc": 3, "k_remind": 2},
}

Tensors = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Finding:
    """One tensor of one case against one oracle."""

    preset: str
    truncation: str
    oracle: str
    tensor: str
    error: float
    allowed: float

    @property
    def passed(self) -> bool:
        """Whether the error is small enough; NaN is not."""
        return small_enough(self.error, self.allowed)


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
        k_top = {} if "k_top" in PRESETS[preset] else {"k_top": K_TOP}
        config = SABConfig.preset(preset, **SIZES, **k_top, **fields)
        params, inputs = _random_case(config, seed, dtype)
        got = _engine(config, params, inputs, xp, engine)
        case: Any = (config.to_dict(), {name: value.real for name, value in params.items()}, *(a.real for a in inputs))
        sensitivity = spread(complex_step.gradients, *case)
        for oracle, gradients in oracles().items():
            for tensor, want in gradients(*case).items():
                allowed = max(_bar(oracle, tensor, dtype), SENSITIVITY * sensitivity[tensor] * _eps(dtype) / EPS)
                yield Finding(preset, truncation, oracle, tensor, scaled_error(got[tensor], want), allowed)


def _random_case(config: SABConfig, seed: int, dtype: str) -> tuple[dict[str, np.ndarray], list[np.ndarray]]:
    """Parameters, and x, dy, h0, c0, drawn in float64 and rounded to `dtype`."""
    rng, state = np.random.default_rng([seed, 1]), (B, config.hidden_size)
    shapes = [(T, B, config.input_size), (T, B, config.output_size), state, state]
    return init_params(config, seed, dtype), [rng.standard_normal(shape).astype(dtype) for shape in shapes]


def _engine(
    config: SABConfig, params: Tensors, inputs: list[np.ndarray], xp: Any, engine: str
) -> dict[str, np.ndarray]:
    """All the engine's results, on the host, by the names that vector files use."""
    params = {name: xp.asarray(value) for name, value in params.items()}
    x, dy, h0, c0 = (xp.asarray(value) for value in inputs)
    y, tape = forward(config, params, x, h0=h0, c0=c0, engine=engine)
    results = {"y": y, "h": tape.h, "c": tape.c} | ({} if tape.s is None else {"s": tape.s})
    results |= {f"grad.{name}": value for name, value in backward(config, params, tape, dy).items()}
    return {name: value if xp is np else xp.asnumpy(value) for name, value in results.items()}


def _differences(*case: Any) -> Tensors:
    values, _ = differences.gradients(*case)
    return values


def _eps(dtype: str) -> float:
    return float(np.finfo(dtype).eps)


def _bar(oracle: str, tensor: str, dtype: str) -> float:
    if dtype == "float32":
        return ALLOWED_FLOAT32["gradients" if tensor.startswith("grad.") else "states"]
    return ALLOWED[oracle]
