"""The engine's results against an oracle's, with tolerances that follow from rounding, not from looking."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from sabcore import SABConfig, forward
from sabcore.compare.report import failures
from sabcore.compare.tensors import compare, largest
from sabcore.compare.tolerance import measured_floors
from sabcore.engine.results import results
from tests.cases import Inputs

Tensors = Mapping[str, np.ndarray]


def engine_results(config: SABConfig, params: Tensors, inputs: Inputs, engine: str = "plain") -> dict[str, np.ndarray]:
    """All that an engine computes, by the names that the oracles and the vector files use."""
    return results(config, params, *inputs, forward=partial(forward, engine=engine))


def floors(
    config: SABConfig,
    params: Tensors,
    inputs: Inputs,
    allowed: float | Mapping[str, float],
    dtype: str = "float64",
    oracle: Callable[..., Tensors] | None = None,
) -> dict[str, float]:
    """The least scale of each result, measured in float64 on the plain engine, or on an `oracle`."""

    def run(moved: dict[str, np.ndarray]) -> Tensors:
        weights, rest = {name: moved[name] for name in params}, Inputs(*(moved[f] for f in Inputs._fields))
        return oracle(config.to_dict(), weights, *rest) if oracle else engine_results(config, weights, rest)

    return measured_floors(run, {**params, **inputs._asdict()}, allowed, dtype, draws=2)


def disagreements(
    got: Tensors,
    want: Tensors,
    case: tuple[SABConfig, Tensors, Inputs],
    allowed: float | Mapping[str, float],
    oracle: Callable[..., Tensors] | None = None,
) -> list[str]:
    """A line for each tensor of `want` that `got` misses by more than is allowed, and than rounding alone explains.

    Rounding is measured on the plain engine, and on the `oracle` that made `want` too: with one slot active it takes
    1 - w = eps / S by subtraction, where the engine does not.
    """

    def measured() -> dict[str, float]:
        least = floors(*case, allowed)
        theirs = {} if oracle is None else floors(*case, allowed, oracle=oracle)
        return {name: max(value, theirs.get(name, 0.0)) for name, value in least.items()}

    return failures(compare(got, want, allowed, measured))


def errors(got: Tensors, want: Tensors) -> dict[str, float]:
    """The scaled error of each tensor of `want`; infinite where it cannot be compared."""
    return {report.name: report.error for report in compare(got, want, 0.0)}


def allowance(
    config: SABConfig, params: Tensors, inputs: Inputs, bar: float, dtype: str = "float64"
) -> dict[str, float]:
    """`bar`, of each tensor's largest value; more only where rounding moves the plain engine's result further."""
    size = {name: largest(value) for name, value in engine_results(config, params, inputs).items()}
    least = floors(config, params, inputs, bar, dtype)
    return {name: bar * max(1.0, least[name] / size[name]) if size[name] else bar for name in size}
