"""What a comparison found, as lines for people and as values for programs."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from sabcore.compare.tensors import TensorReport


def worst(reports: Iterable[TensorReport]) -> TensorReport:
    """The tensor furthest beyond, or nearest to, what is allowed."""
    return max(reports, key=lambda report: (not report.passed, report.excess))


def failures(reports: Iterable[TensorReport]) -> list[str]:
    """A line for each tensor that failed; none if all passed."""
    return [line(report) for report in reports if not report.passed]


def line(report: TensorReport) -> str:
    """The tensor, its error over what is allowed, the index of its worst element, what is there and what should be."""
    if report.reason:
        return f"{report.name}: {report.reason}"
    where = f"worst at {list(report.index or ())}: got {report.got!r}, but should be {report.want!r}"
    return (
        f"{report.name}: error {report.error:.2e}, {report.excess:.1e} times the allowed {report.allowed:.1e}; {where}"
    )


def as_values(report: TensorReport) -> dict[str, Any]:
    """A report, JSON-ready: what JSON lacks (NaN, infinities, complex numbers) as text."""
    return {name: _plain(value) for name, value in asdict(report).items()} | {"passed": report.passed}


def _plain(value: Any) -> Any:
    if isinstance(value, complex) or (isinstance(value, float) and not math.isfinite(value)):
        return str(value)
    return list(value) if isinstance(value, tuple) else value
