"""The sparsifier in two parts: what it chose at the recorded point, and the smooth function that this choice leaves.

Which slots are ranked where, and which are active, is decided once, by real scores. With that held fixed the weights
are a holomorphic function of the scores, whose derivative is the one the specification defines, ties included.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np


class Choice(NamedTuple):
    """One step's choice: the rule in force, the slots by rank (N,B), those active (N,B), the threshold's rank r - 1.

    `credited` (N,B): the slots that send gradient back, the k_back first of the ranking; all of them without k_back.
    """

    rule: str
    order: np.ndarray
    active: np.ndarray
    rank: int
    temperature: float
    credited: np.ndarray


def choose(config: Mapping[str, Any], a: np.ndarray) -> Choice:
    """Real scores a (N,B) -> the choice. Sorting -a stably ranks the older of two equal slots first."""
    N, k_top, small = len(a), config["k_top"], config["small_memory"]
    order = np.argsort(-a, axis=0, kind="stable")
    everything = np.ones(a.shape, dtype=bool)
    places = np.argsort(order, axis=0, kind="stable")
    credited = places < (N if config["k_back"] is None else config["k_back"])
    if config["sparsifier"] == "softmax":
        kept = places < (N if k_top is None else k_top)
        return Choice("softmax", order, kept, 0, config["temperature"], credited)
    if k_top >= N and small != "threshold":
        return Choice(small, order, everything, 0, 1.0, credited)
    rank = min(k_top if config["threshold_rank"] == "k_top" else k_top + 1, N) - 1
    theta = np.take_along_axis(a, order[rank : rank + 1], axis=0)
    return Choice("threshold", order, a - theta - config["margin"] > 0, rank, 1.0, credited)


def weigh(config: Mapping[str, Any], choice: Choice, a: np.ndarray) -> np.ndarray:
    """Scores a (P,N,K,B), real or complex -> weights w (P,N,K,B), with the choice held fixed."""
    active = choice.active[:, None]
    if choice.rule == "raw":
        return a
    if choice.rule == "softmax":
        a = a / choice.temperature
        top = np.where(active, a.real, -np.inf).max(axis=1, keepdims=True)
        e = np.exp(np.where(active, a - top, -np.inf))
        return e / e.sum(axis=1, keepdims=True)
    theta = np.take_along_axis(a, choice.order[choice.rank][None, None, None], axis=1)
    v = np.where(active, a - theta - config["margin"], 0)
    return v / (v.sum(axis=1, keepdims=True) + config["eps"])
