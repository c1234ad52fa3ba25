"""Skipping an update whose gradient is an outlier among those before it."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass

from sabcore.array.checks import check_whole
from sabcore.errors import ConfigError


@dataclass(frozen=True)
class Outliers:
    """Which updates are skipped: those whose gradient's norm is more than `times` the median of the last `window`.

    Clipping bounds how far such an update goes, but not where: in a gradient that is a hundred times as long as usual
    one sequence, or one chain of reads through the scores, drowns all others, and Adam goes on in its direction for
    some ten updates. The norm is that before clipping, and every finite one counts in the median, that of a skipped
    update too: norms that stay large are the rule after half a window, and learning goes on. Until as many as a window
    are known, nothing is skipped.

    Raises:
        ConfigError: a field outside its range.
    """

    times: float = 10.0
    window: int = 100

    def __post_init__(self) -> None:
        times = self.times
        if isinstance(times, bool) or not isinstance(times, int | float) or not 1 < times <= 1e6:
            raise ConfigError(f"times is {times!r}, but should be a number greater than 1, at most 1000000")
        check_whole("window", self.window, 3, 10_000)

    def stands_out(self, norm: float, norms: tuple[float, ...]) -> bool:
        """True if a gradient of that norm comes after gradients of these `norms` and is an outlier among them."""
        return len(norms) == self.window and norm > self.times * statistics.median(norms)

    def remembered(self, norm: float, norms: tuple[float, ...]) -> tuple[float, ...]:
        """The norms that the next gradient is compared with."""
        return (*norms, norm)[-self.window :] if math.isfinite(norm) else norms
