"""Two sets of named tensors against each other: one error, one allowance and one verdict per tensor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sabcore.errors import FormatError

#: One unit of rounding in the dtype that holds the wanted values.
ROUNDING = {"float64": 2.0**-53, "float32": 2.0**-24}
#: The largest error that passes. float64: what the project promises. float32: 1024 units, because whoever wrote the
#: file may have computed in float32 too, where each of some dozens of steps rounds every number several times.
ALLOWED = {"float64": 1e-9, "float32": 1024 * ROUNDING["float32"]}
#: `tiny`, as a part of the largest norm among the gradients, or among the other tensors. A gradient that is zero by
#: cancellation comes out as rounding noise of what cancels: `grad.u_q` is zero wherever the weights do not depend on
#: the query, and two correct programs then differ by more than that tensor's norm. With these values an error below 64
#: units of rounding of the largest tensor of its kind passes, and so does no other that would not pass anyway.
TINY = {dtype: 64 * ROUNDING[dtype] / ALLOWED[dtype] for dtype in ALLOWED}


@dataclass(frozen=True)
class TensorReport:
    """One tensor's verdict. `error` and `allowed` are scaled; where it failed, the worst element follows."""

    name: str
    error: float
    allowed: float
    index: tuple[int, ...] | None = None
    got: float | None = None
    want: float | None = None
    reason: str | None = None

    @property
    def passed(self) -> bool:
        """Asked as "is it small enough?", so that NaN is not."""
        return self.reason is None and self.error <= self.allowed

    @property
    def excess(self) -> float:
        """The error in units of what is allowed."""
        return self.error / self.allowed


def compare(
    got: Mapping[str, np.ndarray], want: Mapping[str, np.ndarray], tolerance: float | None = None
) -> list[TensorReport]:
    """Each tensor of `want` against the one of that name in `got`: `||got - want|| / max(||want||, tiny)`.

    The norm is Frobenius's. `tolerance` replaces `ALLOWED`. A tensor that `got` lacks, or has in another shape, fails.

    Raises:
        FormatError: `want` is empty: nothing compared is nothing checked.
    """
    if not want:
        raise FormatError("there is no tensor to compare, but a check should compare at least one")
    largest = {kind: _largest_norm(want, kind) for kind in (True, False)}
    reports = []
    for name, value in want.items():
        dtype = str(value.dtype)
        allowed, tiny = ALLOWED[dtype] if tolerance is None else tolerance, TINY[dtype] * largest[is_gradient(name)]
        reports.append(_report(name, got.get(name), value, tiny, allowed))
    return reports


def norm(value: np.ndarray) -> float:
    """Frobenius norm in float64, scaled so that large values do not overflow; NaN if any element is NaN."""
    value = np.abs(np.asarray(value, np.float64))
    largest = float(value.max())
    if largest == 0 or not np.isfinite(largest):
        return largest
    return largest * float(np.sqrt(np.sum((value / largest) ** 2)))


def is_gradient(name: str) -> bool:
    """True for the tensors of the backward pass."""
    return name.startswith("grad.")


def _largest_norm(want: Mapping[str, np.ndarray], gradients: bool) -> float:
    return max((norm(value) for name, value in want.items() if is_gradient(name) == gradients), default=0.0)


def _report(name: str, got: np.ndarray | None, want: np.ndarray, tiny: float, allowed: float) -> TensorReport:
    if got is None:
        return TensorReport(name, np.inf, allowed, reason="it was not computed")
    if got.shape != want.shape:
        return TensorReport(name, np.inf, allowed, reason=f"it has shape {got.shape}, but should have {want.shape}")
    difference = np.asarray(got, np.float64) - np.asarray(want, np.float64)
    distance, scale = norm(difference), max(norm(want), tiny)
    error = distance if distance == 0 or scale == 0 else distance / scale
    report = TensorReport(name, error, allowed)
    if report.passed:
        return report
    index = tuple(int(i) for i in np.unravel_index(np.argmax(np.abs(difference)), want.shape))
    return TensorReport(name, error, allowed, index, float(got[index]), float(want[index]))
