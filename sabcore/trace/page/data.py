"""What the page is given, JSON-ready and small: long columns of numbers are packed into 16 bits each.

A column of norms has the largest value and, in a base64 text, a code each: 0 for what is below 1e-12 of the largest,
else 1 + 65534 (log10(value / largest) + 12) / 12, rounded. So a value is kept to 2.2e-4 of itself.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from sabcore.errors import ConfigError
from sabcore.model.config import SABConfig
from sabcore.model.slots import step_of
from sabcore.step.score import make_score
from sabcore.step.sparsify import Threshold, make_sparsifier
from sabcore.trace.credit import credit
from sabcore.trace.labels import ByHops, BySource
from sabcore.trace.pictures import by_distance, cuts
from sabcore.trace.record import EDGES, Credit
from sabcore.trace.rules import against, rules_of
from sabcore.trace.source import Source

DECADES = 12
#: The page holds so many reads at the most, those with most credit.
MOST_READS = 25_000
#: Steps are numbered in 16 bits.
MOST_STEPS = 65_535
#: It shows single steps in all their numbers where there are at most so many of them: steps times hidden units.
MOST_NUMBERS = 1600
#: Points of a curve of credit against distance.
POINTS = 120


def page_data(source: Source, variants: Mapping[str, Source]) -> dict[str, Any]:
    """The source's trace, and for each variant, named by its sliders' values, what its rules keep.

    Raises:
        ConfigError: more steps than the page can number.
    """
    config, params, x, dy, h0, c0 = source
    if len(x) > MOST_STEPS:
        raise ConfigError(f"the sequence has {len(x)} steps, but a page should have at most {MOST_STEPS}")
    found = credit(config, params, x, dy, h0=h0, c0=c0, labels=ByHops(0))
    T = len(x)
    return {
        "config": config.to_dict(),
        "T": T,
        "loss": pack(np.linalg.norm(dy, axis=-1)),
        "total": pack(found.total[:, 0]),
        "edges": {edge: pack(found.norms[edge][:, 0]) for edge in EDGES},
        "cuts": cuts(config, T),
        "reads": _reads(found, T),
        "steps": list(_steps(source, found)) if T * config.hidden_size <= MOST_NUMBERS else [],
        "variants": {name: _variant(one) for name, one in variants.items()},
    }


def pack(values: np.ndarray) -> dict[str, Any]:
    """Norms (n,) -> their largest, and a code each as base64 of little-endian 16-bit numbers."""
    top = float(values.max(initial=0))
    kept = values > 10.0**-DECADES * top
    logs = np.log10(np.where(kept, values, 1) / (top or 1))
    codes = np.where(kept, 1 + np.rint(65534 * (logs + DECADES) / DECADES), 0)
    return {"top": top, "codes": _base64(codes)}


def _base64(numbers: np.ndarray) -> str:
    return base64.b64encode(np.asarray(numbers, "<u2").tobytes()).decode()


def _reads(found: Credit, T: int) -> dict[str, Any]:
    """The reads with most credit, in the order of the steps: how many each step has, the slots, weights, credit."""
    reads = found.reads
    strength = np.hypot(reads.value, reads.score)
    kept = np.sort(np.argsort(-strength, kind="stable")[:MOST_READS])
    weight = reads.weight[kept]
    return {
        "all": len(strength),
        "count": _base64(np.bincount(reads.step[kept].astype(int), minlength=T + 1)),
        "written": _base64(reads.written[kept]),
        "weight": pack(np.abs(weight)),
        "negative": np.flatnonzero(weight < 0).tolist(),  # raw scores keep their sign
        "value": pack(reads.value[kept]),
        "score": pack(reads.score[kept]),
    }


def _variant(source: Source) -> dict[str, Any]:
    """Credit against distance of each rule, and what it keeps of the full gradient."""
    config, params, x, dy, h0, c0 = source
    labels = BySource.spread(dy, most=24)
    places = np.unique(np.geomspace(1, len(x) + 1, POINTS).round().astype(int)) - 1
    found = {
        name: credit(fields, params, x, dy, h0=h0, c0=c0, labels=labels, without=without)
        for name, (fields, without) in rules_of(config).items()
    }
    curves = {name: _digits(by_distance(one, labels)[places]) for name, one in found.items()}
    rules = [against(name, one.grads, found["full"].grads, list(params)) for name, one in found.items()]
    kept = {rule.name: _digits([rule.cosine["all"], rule.ratio["all"], rule.bias["all"]]) for rule in rules}
    return {"distance": places.tolist(), "curves": curves, "kept": kept}


def _digits(values: Any) -> list[float | None]:
    """Six digits are enough to look at; JSON has no NaN."""
    return [float(f"{value:.6g}") if np.isfinite(value) else None for value in values]


def _steps(source: Source, found: Credit) -> Iterator[dict[str, Any]]:
    """Every step's equations, with their numbers: [tag, name, values], forward and back."""
    config, params, x, dy, _, _ = source
    tape = found.tape
    score = make_score(config, params) if config.has_memory else None
    for t in range(1, len(x) + 1):
        cache, back = tape.steps[t - 1], found.steps[t - 1]
        z = cache.x @ params["W_ih"].T + cache.h @ params["W_hh"].T + params["b"]
        forward = [("L.1", "z", z), ("L.2", "i", cache.i), ("L.2", "f", cache.f), ("L.3", "g", cache.g)]
        forward += [("L.2", "o", cache.o), ("L.4", "c", tape.c[t - 1]), ("L.5", "hhat", tape.hhat[t - 1])]
        slots: list[int] = []
        if score and tape.recalls[t - 1] is not None:
            slots = back.slots.tolist()
            forward += _read_numbers(config, score, tape, t, back.slots)
        forward += [("B.3", "h", tape.h[t - 1]), ("B.5", "y", found.y[t - 1])]
        backward = [("Y.1*", "dy", dy[t - 1]), ("B.5*", "dh", back.dh)]
        if slots:
            backward += [("B.3*", "ds", back.ds), ("M.3*", "dw", back.dw), ("M.2*", "da", back.da)]
            backward += [("M.1*", "dq", back.dq)]
        backward += [("B.2*", "dhhat", back.dhhat), ("L.5*", "dc", back.dc), ("L.1*", "dz", back.dz)]
        yield {
            "slots": [step_of(slot, config.first_slot, config.k_att) for slot in slots],
            "forward": [[tag, name, _digits(np.ravel(value))] for tag, name, value in forward],
            "backward": [[tag, name, _digits(np.ravel(value))] for tag, name, value in backward],
        }


def _read_numbers(
    config: SABConfig, score: Any, tape: Any, t: int, slots: np.ndarray
) -> list[tuple[str, str, np.ndarray]]:
    """Of the selected slots, best first: scores, what of the threshold there is, weights, summary."""
    k = tape.keys[slots]
    q = score.query(tape.hhat[t - 1])
    a = score.score(k, q)
    sparsifier = make_sparsifier(config, config.slots_before(t))
    rows = [("A.2" if config.score == "additive" else "P.2", "q", q), ("M.1", "a", a)]
    if isinstance(sparsifier, Threshold):
        theta, v = a[sparsifier.rank - 1], sparsifier.excess(a)
        rows += [("S.1", "theta", theta), ("S.2", "v", v), ("S.3", "S", v.sum(axis=0) + sparsifier.eps)]
    return [*rows, ("M.2", "w", sparsifier.weights(a)), ("M.3", "s", tape.s[t - 1])]
