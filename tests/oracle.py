"""The engine's results against an oracle's, with tolerances that follow from rounding, not from looking."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from sabcore import SABConfig, backward, forward
from sabcore.reference.compare import scaled_error, small_enough
from sabcore.reference.rounding import spread
from tests.cases import Inputs

Tensors = Mapping[str, np.ndarray]
#: Two right programs agree to a small multiple of what one ulp in the inputs does to a result.
SENSITIVITY = 64


def engine_results(config: SABConfig, params: Tensors, inputs: Inputs, engine: str = "plain") -> dict[str, np.ndarray]:
    """All that an engine computes, by the names that the oracles and the vector files use."""
    y, tape = forward(config, params, inputs.x, h0=inputs.h0, c0=inputs.c0, engine=engine)
    found = {"y": y, "h": tape.h, "c": tape.c} | ({"s": tape.s} if config.has_memory else {})
    return found | {f"grad.{name}": value for name, value in backward(config, params, tape, inputs.dy).items()}


def failures(got: Tensors, want: Tensors, allowed: Mapping[str, float]) -> dict[str, str]:
    """Each tensor of `want` that `got` misses, with its error over what is allowed. Nothing wanted is a failure."""
    assert want, "nothing to compare"
    errors = {name: scaled_error(got[name], value) if name in got else np.inf for name, value in want.items()}
    return {
        name: f"{error:.1e}, allowed {allowed[name]:.1e}"
        for name, error in errors.items()
        if not small_enough(error, allowed[name])
    }


def allowance(
    gradients: Callable[..., Tensors], config: SABConfig, params: Tensors, inputs: Inputs, bar: float
) -> dict[str, float]:
    """`bar` for each tensor, more only where rounding itself moves the oracle's own result further."""
    measured = spread(gradients, config.to_dict(), params, *inputs, draws=2)
    return {name: max(bar, SENSITIVITY * value) for name, value in measured.items()}
