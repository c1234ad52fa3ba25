"""Hypotheses in words, and as values for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sabcore.model.config import SABConfig
from sabcore.validate.fields import as_text, nearest_preset
from sabcore.validate.mistakes import Mistake
from sabcore.validate.mistakes.lines import changed_lines
from sabcore.validate.ours import Hypothesis


def as_values(hypothesis: Hypothesis, claim: SABConfig) -> dict[str, Any]:
    """{"preset", "fields": what differs from it, "mistakes": their names}."""
    preset, fields = nearest_preset(hypothesis.config, claim)
    return {"preset": preset, "fields": fields, "mistakes": [mistake.name for mistake in hypothesis.mistakes]}


def as_words(hypothesis: Hypothesis, claim: SABConfig) -> str:
    """`paper with k_trunc = null`, and the names of the mistakes."""
    values = as_values(hypothesis, claim)
    fields = f" with {as_text(values['fields'])}" if values["fields"] else ""
    mistakes = f", but: {'; '.join(values['mistakes'])}" if values["mistakes"] else ""
    return f"{values['preset']}{fields}{mistakes}"


def mistake_values(mistake: Mistake) -> dict[str, Any]:
    """A mistake with the lines that it changes, JSON-ready."""
    lines = [
        {
            "file": f"sabcore/{place.file}",
            "line": place.number,
            "sabcore": list(place.ours),
            "yours": list(place.theirs),
            "equations": list(place.tags),
        }
        for place in changed_lines(mistake)
    ]
    return {"name": mistake.name, "why": mistake.why, "kind": mistake.kind, "lines": lines}


def mistake_lines(mistake: Mistake) -> Iterator[str]:
    """The sentence that explains a mistake, and the lines of the plain engine: ours, and what would give theirs."""
    yield f"{mistake.name}: {mistake.why}"
    for place in changed_lines(mistake):
        tags = f"  ({', '.join(place.tags)})" if place.tags else ""
        yield f"  sabcore/{place.file}, line {place.number}{tags}"
        yield from (f"    sabcore  {line}" for line in place.ours)
        yield from (f"    yours    {line}" for line in place.theirs or ("(without this line)",))
