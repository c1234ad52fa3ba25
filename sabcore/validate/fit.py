"""Real fields that nobody could guess: found by Gauss and Newton's method on how the output depends on them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product

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
_PAIR = ("margin", "eps")
#: How many steps after the first that departs are fitted first: before other values choose other slots to read.
_STEPS = 1
_ROUNDS = 12
#: After so many rounds, no more than this part of what the fields as they are leave unexplained may be left.
_PATIENCE, _PROMISING = 3, 0.3


def fitted(config: SABConfig, case: Observed) -> Iterator[SABConfig]:
    """`config` with each real field that applies at the value which explains y best, rounded as far as it may be."""
    beginning = _beginning(config, case)
    for name in REAL:
        yield from _fit(config, (name,), case, beginning)


def fitted_pair(config: SABConfig, case: Observed) -> Iterator[SABConfig]:
    """`config` with margin and eps at the values which together explain y best, rounded as far as they may be."""
    yield from _fit(config, _PAIR, case, _beginning(config, case))


def _beginning(config: SABConfig, case: Observed) -> Observed:
    """The steps up to shortly after the first whose y is not this configuration's."""
    run = run_forward(Hypothesis(config), case.question)
    if run is None or not (apart := case.steps_apart(run.outputs, "y")).any():
        return case
    return case.first(int(np.argmax(apart)) + 1 + _STEPS)


def _fit(config: SABConfig, names: tuple[str, ...], case: Observed, beginning: Observed) -> Iterator[SABConfig]:
    """From the beginning, where y is a smooth function of the fields; then on all steps, which says more digits."""
    if any(changed(config, {name: 2 * getattr(config, name) + 1.0}) is None for name in names):
        return  # one does not apply
    own = np.array([getattr(config, name) for name in names])
    starts = [own, *map(np.array, product(*(_STARTS[name] for name in names)))]
    sizes = [_size(_residual(config, names, start, beginning)) for start in starts]
    rough = _improve(config, names, starts[int(np.argmin(sizes))], beginning, most=_PROMISING * sizes[0])
    found = None if rough is None else _improve(config, names, rough, case)
    if found is not None and (best := _rounded(config, names, found, case)) is not None:
        yield best


def _improve(
    config: SABConfig, names: tuple[str, ...], value: np.ndarray, case: Observed, most: float = math.inf
) -> np.ndarray | None:
    """Better values of these fields; None where that leads nowhere, or leaves more than `most` unexplained."""
    for number in range(_ROUNDS):
        here = _residual(config, names, value, case)
        if here is None or (number == _PATIENCE and not _size(here) <= most):
            return None
        step = _newton(config, names, value, here, case)
        if step is None:
            return None
        value = value - step
    return value


def _newton(
    config: SABConfig, names: tuple[str, ...], value: np.ndarray, here: np.ndarray, case: Observed
) -> np.ndarray | None:
    """The step that would explain y, if y were linear in the fields."""
    slopes = []
    for place in range(len(names)):
        moved, by = value.copy(), 1e-6 * max(abs(value[place]), 1e-3)
        moved[place] += by
        there = _residual(config, names, moved, case)
        if there is None:
            return None
        slopes.append((there - here) / by)
    slope = np.stack(slopes, axis=1)
    if not np.isfinite(slope).all() or not slope.any(axis=0).all():
        return None
    sizes = np.abs(slope).max(axis=0)
    return np.linalg.lstsq(slope / sizes, here, rcond=None)[0] / sizes


def _size(residual: np.ndarray | None) -> float:
    size = math.inf if residual is None else float(np.abs(residual).sum())
    return size if math.isfinite(size) else math.inf


def _residual(config: SABConfig, names: tuple[str, ...], value: np.ndarray, case: Observed) -> np.ndarray | None:
    """Our y minus theirs at these values of the fields, in one row."""
    moved = _with(config, names, value)
    run = run_forward(Hypothesis(moved), case.question) if moved else None
    if run is None or run.outputs["y"].shape != case.theirs["y"].shape:
        return None
    return (run.outputs["y"] - case.theirs["y"]).ravel()


def _rounded(config: SABConfig, names: tuple[str, ...], value: np.ndarray, case: Observed) -> SABConfig | None:
    """With as few digits as fit; None if even all of them do not."""
    for digits in (1, 2, 3, 4, 6, 17):
        found = _with(config, names, np.array([float(f"{part:.{digits}g}") for part in value]))
        run = run_forward(Hypothesis(found), case.question) if found else None
        if run is not None and case.error(run.outputs, ["y"]) <= 1:
            return canonical(found) if found else None
    return None


def _with(config: SABConfig, names: tuple[str, ...], value: np.ndarray) -> SABConfig | None:
    try:
        return SABConfig.from_dict(as_fields(config) | dict(zip(names, map(float, value), strict=True)))
    except ConfigError:
        return None
