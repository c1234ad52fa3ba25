"""Making a vector: draw the inputs, let two independent oracles compute the rest, keep it only if they agree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from sabcore.compare.report import worst
from sabcore.compare.tensors import compare
from sabcore.compare.tolerance import measured_floors
from sabcore.errors import SABError
from sabcore.model.config import SABConfig
from sabcore.model.params import param_shapes
from sabcore.reference import autograd, complex_step
from sabcore.vectors.model import applicable, tensor_shapes
from sabcore.vectors.record import Vector

#: The largest scaled difference between the two oracles that lets a vector be written.
AGREED = 1e-10
#: The spread of the parameters: wide enough that gates and scores differ from step to step, and far from saturation.
SPREAD = 0.6


@dataclass(frozen=True)
class Agreement:
    """How far the two oracles are apart, scaled: the worst tensor's name and its error."""

    name: str
    error: float

    def __str__(self) -> str:
        return f"autograd and the complex step agree to {self.error:.1e} (worst: {self.name})"


def draw(config: SABConfig, *, T: int, B: int, seed: int, state: bool = True, zeros: tuple[str, ...] = ()) -> Vector:
    """A vector in float64, without its expected values.

    Args:
        config, T, B: the model, the steps and the sequences.
        seed: of the inputs, the cotangent, the parameters and the initial state; the same seed, the same vector.
        state: False leaves `h0` and `c0` out, so that whoever checks starts from zeros.
        zeros: parameters to set to zero, as `w_a`: all scores tie.
    """
    config = SABConfig(**applicable(config.to_dict()))
    rng, shapes = np.random.default_rng(seed), tensor_shapes(config, T, B)[0]
    x, dy = rng.normal(size=shapes["x"]), rng.normal(size=shapes["dy"])
    params = {name: SPREAD * rng.normal(size=shape) for name, shape in param_shapes(config).items()}
    h0, c0 = (SPREAD * rng.normal(size=(B, config.hidden_size)) for _ in range(2))
    params |= {name: np.zeros_like(params[name]) for name in zeros}
    return Vector(config=config, x=x, dy=dy, params=params, h0=h0 if state else None, c0=c0 if state else None)


def expect(vector: Vector) -> tuple[Vector, Agreement]:
    """`vector` with all that a file can expect, as autograd computes it, once the complex step has confirmed it.

    Raises:
        SABError: PyTorch is not installed, or the oracles disagree.
    """
    try:
        want, got = _ask(autograd.gradients, vector), _ask(complex_step.gradients, vector)
    except ImportError as error:
        raise SABError(f"making vectors takes two oracles, and {error}; or: pip install 'sabcore[torch]'") from error
    reports = compare(got, want, AGREED, lambda: _floors(vector))
    nearest = worst(reports)
    if not all(report.passed for report in reports):
        raise SABError(
            f"autograd and the complex step are {nearest.error:.1e} apart on {nearest.name}, but should agree to "
            f"{AGREED:.0e}: no vector is made. A seed for which scores nearly tie does this; try another"
        )
    return replace(vector, expected=want), Agreement(nearest.name, nearest.error)


def _floors(vector: Vector) -> dict[str, float]:
    """The least scale of each result, measured on autograd: the engine has no say in what a vector holds."""
    inputs = {name: value for name, value in vector.tensors().items() if name not in vector.expected}
    return measured_floors(
        lambda moved: _ask(autograd.gradients, Vector.from_tensors(vector.config, moved)), inputs, AGREED
    )


def _ask(oracle: Callable[..., dict[str, np.ndarray]], vector: Vector) -> dict[str, np.ndarray]:
    """An oracle's answer, cut down to what a file may hold."""
    T, B, _ = vector.x.shape
    required, optional = tensor_shapes(vector.config, T, B)
    fields, params = vector.config.to_dict(), dict(vector.params)
    found = oracle(fields, params, vector.x, vector.dy, h0=vector.h0, c0=vector.c0)
    return {name: np.asarray(value) for name, value in found.items() if name in required | optional}
