"""Checks before timing: an entrant whose gradients are not those of the plain engine is reported, and not timed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from sabcore import SABConfig
from sabcore.reference.compare import TINY, errors, small_enough

from .peers import Entrant, on_host
from .peers.engine import one_pass
from .workload import Workload, make_workload

#: The largest scaled error of "y", and of gradients. In float64 a wrong formula cannot hide; float32 has code of its
#: own in fast entrants, and is checked on a short sequence, before rounding grows.
ALLOWED = {"float64": (1e-9, 1e-7), "float32": (2e-5, 1e-3)}
#: TF32 keeps 10 bits of each factor.
ALLOWED_TF32 = {**ALLOWED, "float32": (1e-2, 5e-2)}


@dataclass(frozen=True)
class Agreement:
    """One entrant's verdict: its largest error among the gradients, scaled by each tensor's largest value, and y's."""

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
        """Asked as "is it small enough?", so that NaN is not."""
        close = small_enough(self.error_y, self.allowed[0]) and small_enough(self.error_grad, self.allowed[1])
        return self.problem is None and close


def expected(workload: Workload) -> dict[str, np.ndarray]:
    """What an entrant must compute: "y" and the gradients of "x" and of every parameter, by the plain engine."""
    w = workload.astype("float64")
    return on_host(one_pass(w.config, w.params, w.x, w.dy, "plain"))


def scaled_errors(got: dict[str, np.ndarray], want: dict[str, np.ndarray]) -> dict[str, float]:
    """The error of each tensor, scaled by its largest value, or by a thousandth of the largest gradient's if that is
    more: a gradient that is zero by cancellation (of u_q, where reads ignore the query) comes out as rounding noise."""
    floor = 1e-3 * max(float(np.abs(value).max()) for name, value in want.items() if name != "y")
    found = errors(got, want)
    sizes = {name: max(float(np.abs(value).max()), TINY) for name, value in want.items()}
    return {name: found[name] * min(1.0, sizes[name] / floor) if name != "y" else found[name] for name in want}


def compare(entrant: Entrant, workload: Workload, want: dict[str, np.ndarray]) -> Agreement:
    """One pass of the entrant against `want`. Whatever it raises is its verdict."""
    dtype = str(workload.x.dtype)
    model = "SAB" if workload.config.has_memory else "LSTM"
    allowed = (ALLOWED_TF32 if entrant.name.endswith("tf32") else ALLOWED)[dtype]
    facts = (entrant.name, model, workload.T, workload.B, dtype)
    try:
        found = scaled_errors(on_host(entrant.prepare(workload)()), want)
    except Exception as error:  # any library's, for any reason
        text = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        return Agreement(*facts, float("inf"), float("inf"), "none", allowed, text)
    error_y = found.pop("y")
    worst = max(found, key=lambda name: found[name])
    return Agreement(*facts, error_y, found[worst], worst, allowed)


def check(
    entrants: list[Entrant], config: SABConfig, T: int, B: int, dtypes: tuple[str, ...] = ("float64", "float32")
) -> list[Agreement]:
    """Every entrant against the plain engine in float64, on a workload of T steps and B sequences."""
    workload = make_workload(config, T, B, "float64")
    want = expected(workload)
    return [compare(entrant, workload.astype(dtype), want) for entrant in entrants for dtype in dtypes]


def as_dict(verdict: Agreement) -> dict[str, Any]:
    """An agreement, JSON-ready: infinite errors, of what could not be compared, become None."""
    finite = {name: None if value == float("inf") else value for name, value in asdict(verdict).items()}
    return finite | {"passed": verdict.passed}
