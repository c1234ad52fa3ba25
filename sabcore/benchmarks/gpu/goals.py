"""What the CUDA engine is meant to reach on an H200, against what a run measured; and what others have published."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..goals import Goal

#: Milliseconds of a SAB training step, by its number of steps.
BARS = {200: 1.7, 1000: 10.0}
#: For orientation, not for a ratio: other sizes. Us a step forward, and forward and backward, B=16, T=1024, hidden 768,
#: on an H100, as FlashRNN's authors measured them (Pöppel, Beck and Hochreiter, arXiv 2412.07752).
PUBLISHED = {
    "cuDNN LSTM": (1.96, 5.07),
    "FlashRNN, CUDA fused": (3.1, 8.8),
    "Haste, float32": (18.0, 43.0),
    "a loop in PyTorch": (143.0, 474.0),
}


def goals(found: dict[str, Any]) -> Iterator[Goal]:
    """Each goal that this run measured."""
    races = {race["title"]: race for model in ("SAB", "LSTM") for race in found.get(model) or []}
    for T, bar in BARS.items():
        if row := races.get(f"SAB, T={T}", {}).get("entrants", {}).get("sabcore-cuda"):
            ms = row["median_s"] * 1e3
            yield Goal(f"a SAB training step, T={T}", f"{bar} ms", f"{ms:.2f} ms", ms <= bar)
        if ratio := races.get(f"SAB, T={T}", {}).get("ratios", {}).get("torch-cached"):
            yield Goal(
                f"SAB, T={T}, against eager PyTorch", "100 times", f"{ratio['median']:.0f}", ratio["median"] >= 100
            )
    for title, race in races.items():
        if title.startswith("LSTM") and (ratio := race["ratios"].get("torch-lstm")):
            slower = 1 / ratio["median"]
            yield Goal(f"{title}, against cuDNN", "1.5 times its time", f"{slower:.2f}", slower <= 1.5)
