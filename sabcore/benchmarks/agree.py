"""Checks before timing: an entrant whose gradients are not those of the plain engine is reported, and not timed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from sabcore import SABConfig
from sabcore.compare.report import line, worst
from sabcore.compare.tensors import compare
from sabcore.compare.tolerance import measured_floors
from sabcore.text import error_line

from .peers import Entrant, Grads, on_host
from .peers.engine import one_pass
from .workload import Workload, make_workload

#: The largest scaled error of "y", and of gradients. In float64 a wrong formula cannot hide; float32 has code of its
#: own in fast entrants, and is checked on a short sequence, before rounding grows.
ALLOWED = {"float64": (1e-9, 1e-7), "float32": (2e-5, 1e-3)}
#: TF32 keeps 10 bits of each factor.
ALLOWED_TF32 = {**ALLOWED, "float32": (1e-2, 5e-2)}


@dataclass(frozen=True)
class Agreement:
    """One entrant's verdict.

    Attributes:
        entrant, model, T, B, dtype: who computed what.
        error_y, error_grad: y's error, and the largest of a gradient, as `sabcore.compare` scales them.
        worst: the tensor nearest to failing, or failing most.
        allowed: for y, and for gradients.
        problem: what the entrant raised, or how that tensor fails; None if it agrees.
    """

    entrant: str
    model: str
    T: int
    B: int
    dtype: str
    error_y: float
    error_grad: float
    worst: str
    allowed: tuple[float, float]
    problem: str | None = None

    @property
    def passed(self) -> bool:
        """Whether it may be timed."""
        return self.problem is None


def expected(workload: Workload) -> dict[str, np.ndarray]:
    """What an entrant must compute, by the plain engine in float64: "y" and the gradients of "x" and of parameters."""
    w = workload.astype("float64")
    return _named(one_pass(w.config, w.params, w.x, w.dy, "plain"))


def judge(entrant: Entrant, workload: Workload, want: Mapping[str, np.ndarray]) -> Agreement:
    """One pass of the entrant against `want`. Whatever it raises is its verdict."""
    dtype = str(workload.x.dtype)
    model = "SAB" if workload.config.has_memory else "LSTM"
    bars = (ALLOWED_TF32 if entrant.name.endswith("tf32") else ALLOWED)[dtype]
    facts = (entrant.name, model, workload.T, workload.B, dtype)
    allowed = {name: bars[name != "y"] for name in want}
    try:
        got = _named(entrant.prepare(workload)())
        reports = compare(got, want, allowed, lambda: _floors(workload, allowed))
    except Exception as error:  # any library's, for any reason
        return Agreement(*facts, math.inf, math.inf, "none", bars, error_line(error, longest=200))
    error_y, error_grad = (max(r.error for r in reports if (r.name == "y") == is_y) for is_y in (True, False))
    nearest = worst(reports)
    return Agreement(*facts, error_y, error_grad, nearest.name, bars, None if nearest.passed else line(nearest))


def _named(found: Grads) -> dict[str, np.ndarray]:
    """An entrant's results on the host, by the names that vector files use."""
    return {name if name == "y" else f"grad.{name}": value for name, value in on_host(found).items()}


def _floors(workload: Workload, allowed: Mapping[str, float]) -> dict[str, float]:
    """The least scale of each result, measured on the plain engine in float64."""

    def run(moved: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        x, dy = moved.pop("x"), moved.pop("dy")
        return _named(one_pass(workload.config, moved, x, dy, "plain"))

    inputs = {"x": workload.x, "dy": workload.dy, **workload.params}
    return measured_floors(run, inputs, allowed, str(workload.x.dtype))


def check(
    entrants: list[Entrant], config: SABConfig, T: int, B: int, dtypes: tuple[str, ...] = ("float64", "float32")
) -> list[Agreement]:
    """Every entrant against the plain engine in float64, on a workload of T steps and B sequences."""
    workload = make_workload(config, T, B, "float64")
    want = expected(workload)
    return [judge(entrant, workload.astype(dtype), want) for entrant in entrants for dtype in dtypes]


def as_dict(verdict: Agreement) -> dict[str, Any]:
    """An agreement, JSON-ready: infinite errors, of what could not be compared, become None."""
    finite = {name: None if value == math.inf else value for name, value in asdict(verdict).items()}
    return finite | {"passed": verdict.passed}
