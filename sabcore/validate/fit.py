"""Real fields that nobody could guess: found by Newton's method on how the output depends on them."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from sabcore.errors import ConfigError
from sabcore.model.config import SABConfig
from sabcore.validate.fields import REAL, as_fields, canonical, changed
from sabcore.validate.observed import Observed
from sabcore.validate.ours import Hypothesis, run_forward

#: Starting values; the nearest is improved.
_STARTS = {
    "margin": (-1.0, -0.3, -0.1, -0.03, -0.01, 0.0, 0.003, 0.01, 0.03, 0.1, 0.3),
    "eps": (1e-7, 1e-4, 1e-2, 0.1, 0.3, 1.0, 3.0),
    "temperature": (0.05, 0.2, 0.5, 1.5, 3.0, 10.0, 30.0),
}
_ROUNDS = 12
#: After so many rounds, no more than this part of what the configuration as it is leaves unexplained may be left.
_PATIENCE, _PROMISING = 3, 0.3


def fitted(config: SABConfig, case: Observed) -> Iterator[SABConfig]:
    """`config` with each real field that applies at the value which explains y best, rounded as far as it may be."""
    for name in REAL:
        if changed(config, {name: 2 * getattr(config, name) + 1.0}) is None:
            continue  # it does not apply
        value = _improve(config, name, case)
        if value is not None and (found := _rounded(config, name, value, case)) is not None:
            yield found


def _improve(config: SABConfig, name: str, case: Observed) -> float | None:
    """Gauss and Newton in one variable, from the best start; None where that leads nowhere."""
    own = getattr(config, name)
    sizes = {start: _size(_residual(config, name, start, case)) for start in (own, *_STARTS[name])}
    value = min(sizes, key=lambda start: sizes[start])
    if not math.isfinite(sizes[value]):
        return None
    for number in range(_ROUNDS):
        step = 1e-6 * max(abs(value), 1e-3)
        here, there = _residual(config, name, value, case), _residual(config, name, value + step, case)
        if here is None or there is None or (number == _PATIENCE and not _size(here) <= _PROMISING * sizes[own]):
            return None
        slope = (there - here) / step
        square = float(slope @ slope)
        if square == 0 or not math.isfinite(square):
            return None
        value -= float(slope @ here) / square
    return value if math.isfinite(value) else None


def _size(residual: np.ndarray | None) -> float:
    return math.inf if residual is None else float(np.abs(residual).sum())


def _residual(config: SABConfig, name: str, value: float, case: Observed) -> np.ndarray | None:
    """Our y minus theirs at one value of the field, in one row."""
    moved = _with(config, name, value)
    run = run_forward(Hypothesis(moved), case.question) if moved else None
    if run is None or run.outputs["y"].shape != case.theirs["y"].shape:
        return None
    return (run.outputs["y"] - case.theirs["y"]).ravel()


def _rounded(config: SABConfig, name: str, value: float, case: Observed) -> SABConfig | None:
    """With as few digits as fit; None if even all of them do not."""
    for digits in (1, 2, 3, 4, 6, 17):
        found = _with(config, name, float(f"{value:.{digits}g}"))
        run = run_forward(Hypothesis(found), case.question) if found else None
        if run is not None and case.error(run.outputs, ["y"]) <= 1:
            return canonical(found) if found else None
    return None


def _with(config: SABConfig, name: str, value: float) -> SABConfig | None:
    try:
        return SABConfig.from_dict(as_fields(config) | {name: value})
    except ConfigError:
        return None
