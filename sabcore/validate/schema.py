"""A verdict for programs: one JSON object, whose keys docs/validate.md explains."""

from __future__ import annotations

import math
from typing import Any

from sabcore.validate.describe import as_values, mistake_values
from sabcore.validate.judge import Judgement
from sabcore.validate.verdict import Verdict

VERSION = 1


def as_json(verdict: Verdict) -> dict[str, Any]:
    """JSON-ready values; numbers that JSON lacks as text."""
    claim = None if verdict.claim is None else {"preset": verdict.claim[0], "fields": verdict.claim[1]}
    found: dict[str, Any] = {
        "version": VERSION,
        "target": verdict.target,
        "claim": claim,
        "verdict": verdict.verdict,
        "exit": verdict.exit,
        "error": verdict.error,
        **_judgement(verdict.judgement),
        "presets": verdict.presets,
        "refused": verdict.refused,
        "options": {option.field: option.outcome for option in verdict.options},
        "exempt": verdict.exempt,
        "stale": verdict.stale,
    }
    found["notes"] = [*verdict.notes, *found.pop("notes")]
    return _finite(found)


def _judgement(judgement: Judgement | None) -> dict[str, Any]:
    if judgement is None:
        empty: dict[str, Any] = dict.fromkeys(("dtype", "independent", "fits", "departs"))
        return empty | {"equivalent": [], "nearest": [], "mistakes": [], "tensors": [], "notes": []}
    fits = [as_values(fit, judgement.claim) for fit in judgement.fits]
    mistakes = judgement.fits[0].mistakes if judgement.fits else ()
    return {
        "dtype": judgement.dtype,
        "independent": judgement.independent,
        "fits": fits[0] if fits else None,
        "equivalent": fits[1:],
        "nearest": [] if fits else [as_values(tried.hypothesis, judgement.claim) for tried in judgement.nearest],
        "mistakes": [mistake_values(mistake) for mistake in mistakes],
        "departs": None if judgement.departs is None else judgement.departs._asdict(),
        "tensors": [vars(tensor) for tensor in judgement.tensors],
        "notes": judgement.notes,
    }


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
