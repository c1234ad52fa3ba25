"""SAB's gradient beside the truncated and the full one, all of one forward pass: what each keeps of the whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from sabcore.model.config import SABConfig
from sabcore.trace.credit import credit
from sabcore.trace.labels import ByHops
from sabcore.trace.record import READ_EDGES


class Rule(NamedTuple):
    """One rule's gradient against the full one, tensor by tensor and over all of them ("all")."""

    name: str
    cosine: dict[str, float]  # of the angle between the two; nan where either is zero
    ratio: dict[str, float]  # |gradient| / |full gradient|
    bias: dict[str, float]  # |gradient - full gradient| / |full gradient|


def rules_of(config: SABConfig) -> dict[str, tuple[SABConfig, tuple[str, ...]]]:
    """By name, the config and the edges left out (see `credit`); a plain LSTM has the first two.

    full        no edge is cut
    SAB         as `config` says
    values      SAB whose reads send nothing back through their scores
    truncated   the same window, and nothing goes back through a read
    """
    rules: dict[str, tuple[SABConfig, tuple[str, ...]]] = {
        "full": (replace(config, k_trunc=None, k_remind=None, k_back=None), ()),
        "SAB": (config, ()),
    }
    if config.has_memory:
        rules |= {"values": (config, ("key", "threshold", "query")), "truncated": (config, READ_EDGES)}
    return rules


def compare_rules(
    config: SABConfig, params: Mapping[str, np.ndarray], x: np.ndarray, dy: np.ndarray, **state: np.ndarray | None
) -> list[Rule]:
    """x (T,I), dy (T,O), h0= c0= (H,) -> what each of `rules_of` keeps of the full gradient of one forward pass."""
    found = {
        name: credit(fields, params, x, dy, labels=ByHops(0), without=without, **state).grads
        for name, (fields, without) in rules_of(config).items()
    }
    return [against(name, grads, found["full"], list(params)) for name, grads in found.items()]


def against(name: str, grads: Mapping[str, np.ndarray], full: Mapping[str, np.ndarray], tensors: list[str]) -> Rule:
    """A rule's gradients and the full ones, by name -> the rule, over those `tensors`."""
    pairs = {tensor: (grads[tensor].ravel(), full[tensor].ravel()) for tensor in tensors}
    pairs["all"] = (np.concatenate([g for g, _ in pairs.values()]), np.concatenate([f for _, f in pairs.values()]))
    cosine, ratio, bias = {}, {}, {}
    for tensor, (g, f) in pairs.items():
        sizes = np.linalg.norm(g), np.linalg.norm(f)
        with np.errstate(divide="ignore", invalid="ignore"):
            cosine[tensor] = float(g @ f / np.prod(sizes))
            ratio[tensor] = float(np.divide(*sizes))
            bias[tensor] = float(np.linalg.norm(g - f) / sizes[1])
    return Rule(name, cosine, ratio, bias)
