"""The frozen-edges function: record a run once, then replay it perturbed, every cut edge reading recorded constants.

The order of the scores and the active slots are replayed too, and under `score_grad = false` the memories and queries
inside the score. What is left is a smooth function whose true derivative is the truncated gradient of the spec.
Real and complex arrays pass through alike, and a leading axis P evaluates many perturbations at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .edges import Edges, edges_of
from .score import key_of, linear, scores
from .sparsify import Choice, choose, weigh


@dataclass(frozen=True)
class Record:
    """A run at the base point: y (T,B,O); h c (T+1,B,H) from the initial state on; hhat s (T,B,H).

    `a` and `choice` have an entry per step: scores (N_t,B) and what the sparsifier chose; None while nothing is stored.
    """

    config: Mapping[str, Any]
    y: np.ndarray
    h: np.ndarray
    c: np.ndarray
    hhat: np.ndarray
    s: np.ndarray
    a: list[np.ndarray | None]
    choice: list[Choice | None]


def base_tensors(
    config: Mapping[str, Any], params: Mapping[str, Any], x: Any, h0: Any = None, c0: Any = None
) -> dict[str, np.ndarray]:
    """x (T,B,I), h0 c0 (B,H) or None (zeros) and the parameters, by name, as float64."""
    zeros = np.zeros((np.shape(x)[1], config["hidden_size"]))
    named = {"x": x, "h0": zeros if h0 is None else h0, "c0": zeros if c0 is None else c0, **params}
    return {name: np.asarray(value, dtype=np.float64) for name, value in named.items()}


def record(config: Mapping[str, Any], params: Mapping[str, Any], x: Any, h0: Any = None, c0: Any = None) -> Record:
    """Run the model at the base point, x (T,B,I), h0 c0 (B,H) or None, and keep what `replay` freezes."""
    tensors = base_tensors(config, params, x, h0, c0)
    run = _Run(config, {name: value[None] for name, value in tensors.items()}, Edges(), None)
    y = run.outputs()[0]
    h, c, hhat, s = (np.stack([value[0, 0] for value in states]) for states in (run.h, run.c, run.hhat, run.s))
    return Record(config, y, h, c, hhat, s, run.a, run.choice)


def replay(base: Record, tensors: Mapping[str, np.ndarray]) -> np.ndarray:
    """Every tensor by name, each with a leading axis of P perturbations or 1, real or complex -> y (P,T,B,O)."""
    return _Run(base.config, tensors, edges_of(base.config, len(base.y)), base).outputs()


class _Run:
    """One pass over time. `base` is None while recording: then P = K = 1 and nothing is cut."""

    def __init__(
        self, config: Mapping[str, Any], p: Mapping[str, np.ndarray], edges: Edges, base: Record | None
    ) -> None:
        self.config, self.p, self.edges, self.base = config, p, edges, base
        self.h, self.c = ([_copy(p[name], edges.copies)] for name in ("h0", "c0"))
        self.hhat: list[np.ndarray] = []
        self.s: list[np.ndarray] = []
        self.a: list[np.ndarray | None] = []
        self.choice: list[Choice | None] = []
        self.memories: list[np.ndarray] = []  # (P,B,H) each
        self.keys: list[np.ndarray] = []  # what the score needs of them
        self.written: list[int] = []  # the steps that wrote them
        if config["k_top"] != 0 and config["memory_start"] == "zero_state":
            self.write(0)

    def outputs(self) -> np.ndarray:
        """y (P,T,B,O)."""
        T, p, loss = self.p["x"].shape[1], self.p, self.edges.loss
        xs = linear(p["x"], p["W_ih"]) + p["b"][:, None, None]
        ys = [self.step(t, xs[:, None, t - 1])[:, loss] for t in range(1, T + 1)]
        return np.stack(np.broadcast_arrays(*ys), axis=1)

    def step(self, t: int, z_x: np.ndarray) -> np.ndarray:
        """Step t = 1, 2, ... with the input's part of the gates, z_x (P,1,B,4H) -> y (P,K,B,O)."""
        p, has_memory = self.p, self.config["k_top"] != 0
        h_, c_ = self.enter("h", t), self.enter("c", t)
        z_i, z_f, z_g, z_o = np.split(z_x + linear(h_, p["W_hh"]), 4, axis=-1)
        self.c.append(_sigmoid(z_f) * c_ + _sigmoid(z_i) * np.tanh(z_g))
        self.hhat.append(_sigmoid(z_o) * np.tanh(self.c[t]))
        self.s.append(self.recall(t))
        self.h.append(self.hhat[-1] + self.s[-1])
        if has_memory and t % self.config["k_att"] == 0:
            self.write(t)
        y = linear(self.h[t], p["V_h"]) + p["d"][:, None, None]
        return y + linear(self.s[-1], p["V_s"]) if has_memory else y

    def enter(self, which: str, t: int) -> np.ndarray:
        """What step t reads of "h" or "c", (P,K,B,H)."""
        state = getattr(self, which)[t - 1]
        return state if self.base is None else self.edges.enter(state, getattr(self.base, which)[t - 1], t)

    def recall(self, t: int) -> np.ndarray:
        """The summary s (P,K,B,H) of step t."""
        if not self.memories:
            self.a.append(None)
            self.choice.append(None)
            return np.zeros_like(self.hhat[-1])
        query = self.hhat[-1] if self.base is None or self.config["score_grad"] else self.base.hhat[None, None, t - 1]
        a = scores(self.config["score"], self.p, _stack(self.keys), query)
        if self.base is None:
            self.a.append(a[0, :, 0])
            self.choice.append(choose(self.config, a[0, :, 0]))
        choice = (self if self.base is None else self.base).choice[t - 1]
        assert choice is not None  # a slot is visible, in the recorded run as in this one
        memory = _stack(self.memories)[:, :, None]
        if self.base is not None:
            a, memory = self._freeze_uncredited(t, choice.credited, a, memory)
        w = weigh(self.config, choice, a)
        return (w[..., None] * memory).sum(axis=1)

    def _freeze_uncredited(self, t: int, credited: np.ndarray, a: np.ndarray, memory: np.ndarray) -> Any:
        """Scores a (P,N,K,B) and memories (P,N,1,B,H) of step t, as recorded where a slot is not credited (N,B)."""
        assert self.base is not None
        scores = self.base.a[t - 1]
        assert scores is not None  # a slot is visible
        recorded = np.stack([self.base.h[j] for j in self.written])[None, :, None]
        free = credited[None, :, None]
        return np.where(free, a, scores[None, :, None]), np.where(free[..., None], memory, recorded)

    def write(self, t: int) -> None:
        """Append the state of step t to the memory."""
        m = self.h[t][:, self.edges.slot]
        self.memories.append(m)
        self.written.append(t)
        seen = m if self.base is None or self.config["score_grad"] else self.base.h[None, t]
        self.keys.append(key_of(self.config["score"], self.p, seen))


def _copy(state: np.ndarray, copies: int) -> np.ndarray:
    """(P,B,H) -> (P,K,B,H)."""
    return np.broadcast_to(state[:, None], (len(state), copies, *state.shape[1:]))


def _stack(slots: list[np.ndarray]) -> np.ndarray:
    """Slots (P,...), where some P may be 1 -> (P,N,...)."""
    return np.stack(np.broadcast_arrays(*slots), axis=1)


def _sigmoid(z: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-z)), real or complex, without overflow on either side."""
    positive = z.real >= 0
    e = np.exp(np.where(positive, -z, z))
    return np.where(positive, 1, e) / (1 + e)
