"""What the seeds of one model say together."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import NamedTuple


class Spread(NamedTuple):
    """Median, least and most of the finite values; None without any. A seed whose value is not finite fails."""

    seeds: int
    median: float | None
    least: float | None
    most: float | None
    succeed: int | None  # None where nothing says what success is


def spread(values: Sequence[float | None], higher_is_better: bool, success: float | None = None) -> Spread:
    """The metric of every seed, None where it was not finite, taken together.

    `success`: what a seed must reach, from below where higher is better, else from above.
    """
    known = sorted(value for value in values if value is not None)
    median, least, most = (statistics.median(known), known[0], known[-1]) if known else (None, None, None)
    if success is None:
        return Spread(len(values), median, least, most, None)
    succeed = sum(value >= success if higher_is_better else value <= success for value in known)
    return Spread(len(values), median, least, most, succeed)
