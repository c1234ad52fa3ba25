"""The comparison: named tensors against those that are wanted; one error, one allowance and one verdict per tensor.

    error = max|got - want| / max(max|want|, floor)

One scale per tensor: neither an absolute tolerance, which small gradients slip under, nor an elementwise relative one,
which no rounded sum can meet. `floor` is 0 but for tensors that rounding alone moves further; `tolerance` measures it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from sabcore.array.library import Array, on_host
from sabcore.errors import FormatError

Tensors = Mapping[str, Array]
Floors = Mapping[str, float]
#: Keeps the quotient defined: where zeros are wanted and the floor is 0, only zeros are right.
TINY = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True)
class TensorReport:
    """One tensor's verdict.

    Attributes:
        name: of the tensor.
        error: scaled as above, a number or infinity and never NaN, so that no maximum over errors can lose one.
        allowed: the largest error that passes.
        index: where got and want differ most, or where one is not finite; None if they could not be subtracted.
        got, want: the elements there.
        reason: why they could not be subtracted.
    """

    name: str
    error: float
    allowed: float
    index: tuple[int, ...] | None = None
    got: complex | None = None
    want: complex | None = None
    reason: str | None = None

    @property
    def passed(self) -> bool:
        """Asked as "is it small enough?", so that neither NaN nor infinity is, whatever is allowed."""
        return math.isfinite(self.error) and self.error <= self.allowed

    @property
    def excess(self) -> float:
        """The error over what is allowed, never NaN; infinite where nothing is allowed, or the error is infinite."""
        if not math.isfinite(self.error) or math.isnan(self.allowed):
            return math.inf
        return self.error / self.allowed if self.allowed else math.inf if self.error else 0.0


def compare(
    got: Tensors,
    want: Tensors,
    allowed: float | Mapping[str, float],
    floors: Floors | Callable[[], Floors] | None = None,
) -> list[TensorReport]:
    """Each tensor of `want` against the one of that name in `got`, which may hold others besides.

    Args:
        got, want: NumPy or CuPy arrays by name. One that `got` lacks, or has in another shape, fails; so does any
            value that is not finite, in either.
        allowed: the largest error that passes, for all tensors or by name.
        floors: the least scale of each tensor, by name, or a function that measures them: it is called only if some
            tensor fails without.

    Raises:
        FormatError: `want` is empty: nothing compared is nothing checked.
    """
    if not want:
        raise FormatError("there is no tensor to compare, but a check should compare at least one")
    if callable(floors):
        reports = compare(got, want, allowed)
        return reports if all(report.passed for report in reports) else compare(got, want, allowed, floors())
    bars = allowed if isinstance(allowed, Mapping) else dict.fromkeys(want, allowed)
    least = floors or {}
    return [
        compare_tensor(name, got.get(name), value, bars[name], least.get(name, 0.0)) for name, value in want.items()
    ]


def compare_tensor(name: str, got: Array | None, want: Array, allowed: float, floor: float = 0.0) -> TensorReport:
    """One tensor against the one that is wanted; `got` is None where there is none."""
    if got is None:
        return TensorReport(name, math.inf, allowed, reason="it was not computed")
    if not want.size:
        return TensorReport(name, math.inf, allowed, reason=f"it is empty, {want.shape}: there is nothing to compare")
    if got.shape != want.shape:
        return TensorReport(name, math.inf, allowed, reason=f"it has shape {got.shape}, but should have {want.shape}")
    got, want = on_host(got), on_host(want)
    wide = np.result_type(got, want, np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        difference = np.abs(got.astype(wide) - want.astype(wide))
    difference = np.where(np.isfinite(got) & np.isfinite(want), difference, np.inf)
    index = tuple(int(i) for i in np.unravel_index(np.argmax(difference), want.shape))
    scale = max(largest(want), floor, TINY)
    return TensorReport(
        name, _quotient(difference[index], scale), allowed, index, got[index].item(), want[index].item()
    )


def largest(value: Array) -> float:
    """max|value|, the scale of a tensor; infinite if any element is not finite."""
    sizes = np.abs(on_host(value)).astype(np.float64)
    return float(sizes.max(initial=0.0)) if np.isfinite(sizes).all() else math.inf


def _quotient(difference: float, scale: float) -> float:
    """A difference over its scale; infinite for one that is not finite, however large the scale."""
    with np.errstate(over="ignore"):
        return float(difference / scale) if math.isfinite(difference) else math.inf
