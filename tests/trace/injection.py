"""An independent oracle of single edges: the derivative of the loss with respect to what passes along one edge.

The frozen-edges function of `sabcore.reference` with a number added on one use of one state, its derivative by the
complex step. It shares no code with the trace or the engine. `gate` scales what goes into memories, about the recorded
values: by it a gradient is a polynomial whose n-th coefficient went through n memories.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sabcore.reference.edges import edges_of
from sabcore.reference.replay import _Run, _stack, base_tensors, record
from sabcore.reference.score import key_of, linear, scores
from sabcore.reference.sparsify import weigh

STEP = 1e-30


class Injected(_Run):
    """A replay in which `delta` (P,1,1,H) is added to the state of step `at` on the edges `on`."""

    base: Any  # always the recorded run

    def __init__(self, *arguments: Any, at: int, on: set[str], gate: float = 1.0) -> None:
        self.at, self.on, self.gate = at, on, gate
        H = arguments[0]["hidden_size"]
        self.delta = 1j * STEP * np.eye(H)[:, None, None]
        self.theta_keys: list[np.ndarray] = []
        super().__init__(*arguments)

    def moved(self, state: np.ndarray, t: int, edge: str) -> np.ndarray:
        return state + self.delta if t == self.at and edge in self.on else state

    def enter(self, which: str, t: int) -> np.ndarray:
        if which == "c":
            return super().enter(which, t)
        kept = self.h[t - 1]
        self.h[t - 1] = self.moved(kept, t - 1, "recurrent")
        entered = super().enter(which, t)
        self.h[t - 1] = kept
        return entered

    def step(self, t: int, z_x: np.ndarray) -> np.ndarray:
        y = super().step(t, z_x)
        return y + linear(self.moved(np.zeros_like(self.delta), t, "loss"), self.p["V_h"])

    def write(self, t: int) -> None:
        base = self.base.h[None, t]
        delta = self.delta[:, 0]
        m = base + self.gate * (self.h[t][:, self.edges.slot] - base)
        seen = base if not self.config["score_grad"] else m
        hit = t == self.at
        self.written.append(t)
        self.memories.append(m + delta if hit and "value" in self.on else m)
        for keys, edge in ((self.keys, "key"), (self.theta_keys, "threshold")):
            passes = hit and edge in self.on and self.config["score_grad"]
            keys.append(key_of(self.config["score"], self.p, seen + delta if passes else seen))

    def recall(self, t: int) -> np.ndarray:
        if not self.memories:
            return np.zeros_like(self.hhat[-1])
        seen = self.hhat[-1] if self.config["score_grad"] else self.base.hhat[None, None, t - 1]
        query = self.moved(seen, t, "query") if self.config["score_grad"] else seen
        a, of_theta = (scores(self.config["score"], self.p, _stack(k), query) for k in (self.keys, self.theta_keys))
        choice, memory = self.base.choice[t - 1], _stack(self.memories)[:, :, None]
        of_theta, _ = self._freeze_uncredited(t, choice.credited, of_theta, memory)
        a, memory = self._freeze_uncredited(t, choice.credited, a, memory)
        if choice.rule == "threshold":
            place = np.broadcast_to(choice.order[choice.rank][None, None, None], (1, 1, 1, a.shape[-1]))
            theta = np.take_along_axis(of_theta, place, axis=1)
            v = np.where(choice.active[:, None], a - theta - self.config["margin"], 0)
            w = v / (v.sum(axis=1, keepdims=True) + self.config["eps"])
        else:
            w = weigh(self.config, choice, a)
        return (w[..., None] * memory).sum(axis=1)


def arriving(config: dict, params: Any, x: Any, dy: Any, h0: Any, c0: Any, at: int, on: set[str], gate: float = 1.0):
    """x (T,I), dy (T,O), h0 c0 (H,) -> (H,): the gradient that reaches the state of step `at` on those edges."""
    tensors = base_tensors(config, params, x[:, None], h0[None], c0[None])
    base = record(config, params, x[:, None], h0[None], c0[None])
    lead = {name: value[None] for name, value in tensors.items()}
    run = Injected(config, lead, edges_of(config, len(x)), base, at=at, on=on, gate=gate)
    y = run.outputs()
    return (y[:, :, 0] * dy).sum(axis=(1, 2)).imag / STEP * np.ones(len(h0))
