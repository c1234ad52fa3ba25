"""A random model, both engines on it, and where they disagree."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from sabcore import SABConfig, init_params
from sabcore.compare.report import failures
from sabcore.compare.tensors import compare
from sabcore.compare.tolerance import SENSITIVITY
from sabcore.engine import plain
from sabcore.engine.results import by_name
from tests.cases import Inputs, random_inputs
from tests.oracle import floors

Tensors = dict[str, np.ndarray]


class Model(NamedTuple):
    """A configuration, parameters and inputs, in one dtype."""

    config: SABConfig
    params: Tensors
    inputs: Inputs

    def astype(self, dtype: str) -> Model:
        params = {name: value.astype(dtype) for name, value in self.params.items()}
        return Model(self.config, params, Inputs(*(value.astype(dtype) for value in self.inputs)))


def random_model(config: SABConfig, dtype: str, *, T: int = 11, B: int = 2, seed: int = 1, scale: float = 1.0) -> Model:
    """Parameters `scale` times the usual, in numbers that `dtype` has."""
    params = {name: scale * value for name, value in init_params(config, seed, "float64").items()}
    return Model(config, params, random_inputs(config, seed + 1, T, B)).astype(dtype)


def results(engine: Any, model: Model) -> Tensors:
    """All that an engine computes, by name."""
    config, params, (x, dy, h0, c0) = model
    y, tape = engine.forward(config, params, x, h0, c0)
    return by_name(y, tape, engine.backward(config, params, tape, dy))


def disagreements(model: Model, found: Tensors) -> list[str]:
    """A line for each result that is not the plain engine's in float64, to what an ulp of the model's dtype makes."""
    dtype, wide = model.inputs.x.dtype, model.astype("float64")
    allowed = SENSITIVITY * float(np.finfo(dtype).eps)
    return failures(compare(found, results(plain, wide), allowed, lambda: floors(*wide, allowed, str(dtype))))
