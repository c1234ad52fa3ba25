"""Vector-Jacobian products by the complex step: what each backward function of a step must return."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

STEP = 1e-30


def vjp(f: Callable[..., Any], arguments: dict[str, np.ndarray], *cotangents: np.ndarray) -> dict[str, np.ndarray]:
    """The gradient of sum(cotangent f(arguments)), over the outputs of f, with respect to each argument by name."""
    found = {}
    for name, value in arguments.items():
        gradient = np.empty(value.shape)
        for index in np.ndindex(*value.shape):
            moved = value.astype(complex)
            moved[index] += 1j * STEP
            outputs = f(**arguments | {name: moved})
            outputs = outputs if isinstance(outputs, tuple) else (outputs,)
            gradient[index] = sum((d * out).sum().imag for d, out in zip(cotangents, outputs, strict=True)) / STEP
        found[name] = gradient
    return found


def normal(seed: int, **shapes: tuple[int, ...]) -> dict[str, np.ndarray]:
    """Standard normal arrays by name."""
    rng = np.random.default_rng(seed)
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}
