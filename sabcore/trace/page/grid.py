"""The runs that the page's sliders choose among."""

from __future__ import annotations

import json
import math
from itertools import product

from sabcore.trace.source import Source

#: What is tried besides the source's own value; long sequences get fewer runs, or the page would take minutes to make.
SHORT = 200
VALUES: dict[str, list[int | None]] = {"k_trunc": [1, 5, 20, None], "k_top": [1, 3, 10], "k_att": [1, 4]}
VALUES_LONG: dict[str, list[int | None]] = {"k_trunc": [5, None]}


def grid(source: Source) -> dict[str, Source]:
    """Every combination of values, the source's own first; each named by its fields as JSON."""
    config = source.config
    values = VALUES if len(source.x) <= SHORT else VALUES_LONG
    if not config.has_memory or config.k_top is None:
        values = {"k_trunc": values["k_trunc"]}
    own = {name: getattr(config, name) for name in values}
    columns = [sorted({*tried, own[name]}, key=_size) for name, tried in values.items()]
    rows = [dict(zip(values, row, strict=True)) for row in product(*columns)]
    rows.sort(key=lambda row: row != own)
    return {json.dumps(row, separators=(",", ":")): source.with_fields(row) for row in rows}


def _size(value: int | None) -> float:
    return math.inf if value is None else value
