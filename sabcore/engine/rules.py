"""A configuration as numbers, for the engines whose loops are compiled: they know no strings and no None."""

from __future__ import annotations

from typing import Any

import numpy as np

from sabcore.engine.truncation import make_truncation
from sabcore.model.config import SABConfig

#: How scores turn into weights. SOFTMAX_SMALL has no temperature: it is for memories no larger than k_top.
THRESHOLD, SOFTMAX, SOFTMAX_SMALL, RAW = range(4)
_SMALL = {"threshold": THRESHOLD, "softmax": SOFTMAX_SMALL, "raw": RAW}


def rules(config: SABConfig, T: int, N: int, dtype: Any) -> dict[str, Any]:
    """The fields that the plans of all engines have, for T steps, N slots, and arrays of float32 or float64.

    Choices are 0 and 1, or one of the rules above; `rank` is that of theta; `cap` slots of a read fit onto the tape;
    `L` gradient levels, of which `bounded` move down one with each step; `k_top` is -1 and `k_trunc` 0 where they are
    None. Real numbers have the dtype of the arrays.
    """
    truncation, sliding = make_truncation(config, T), config.truncation == "sliding"
    number = np.dtype(dtype).type
    return {
        "memory": int(config.has_memory),
        "additive": int(config.score == "additive"),
        "score_grad": int(config.score_grad),
        "first_slot": config.first_slot,
        "k_att": config.k_att,
        "sparsifier": SOFTMAX if config.sparsifier == "softmax" or config.k_top is None else THRESHOLD,
        "small_memory": _SMALL[config.small_memory],
        "k_top": -1 if config.k_top is None else config.k_top,
        "rank": 0 if config.k_top is None else config.k_top + (config.threshold_rank == "k_top+1"),
        "cap": _capacity(config, N),
        "k_trunc": 0 if sliding or config.k_trunc is None else config.k_trunc,
        "segment_offset": config.segment_offset,
        "L": truncation.levels,
        "bounded": getattr(truncation, "bounded", 0),
        "loss_level": truncation.loss_level,
        "slot_level": truncation.slot_level,
        "margin": number(config.margin),
        "eps": number(config.eps),
        "temperature": number(config.temperature),
    }


def _capacity(config: SABConfig, N: int) -> int:
    """Selected slots that the tape keeps a step. What exceeds it (all slots, or ties) is selected again on the way
    back, by the same function from the same numbers."""
    if config.k_top is None or not config.has_memory:
        return 0
    one_more = config.sparsifier == "threshold" and config.threshold_rank == "k_top+1"
    return min(N, config.k_top + one_more)
