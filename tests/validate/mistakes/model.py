"""The specification once more, for mistakes: a forward pass whose every line can be replaced, differentiated by itself.

All numbers are complex. The real part is a value; the imaginary part is how it changes as an input does, so that what
a program forgets on the way back is the real part alone, and a wrong slope is the imaginary part of something else. No
code is shared with the engine, whose mistakes are changes of its text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import numpy as np

from sabcore.validate.mistakes import Mistake
from sabcore.validate.ours import Hypothesis, answer
from sabcore.validate.question import Question

Array = np.ndarray
#: So small that its square is nothing beside 1: derivatives are exact to rounding.
_STEP = 1e-20
#: The largest error allowed, by the largest gradient: two orders of adding up differ by 1e-14 or so.
ALLOWED = 1e-10


def constant(value: Array) -> Array:
    """The value, with no gradient."""
    return value.real + 0j


def as_if(value: Array, other: Array) -> Array:
    """The value of the one with the gradient of the other."""
    return value.real + 1j * other.imag


def sigmoid(z: Array) -> Array:
    return (1 + np.tanh(z / 2)) / 2


def relu(v: Array) -> Array:
    return np.where(v.real > 0, v, 0)


class Model:
    """One question's run. Shapes: states (K,B,H) in K copies, scores and weights (N,K,B), memories (N,B,H)."""

    def __init__(self, question: Question, moved: Mapping[str, Array] | None = None) -> None:
        h0, c0 = question.states
        given = {**question.params, "x": question.x, "h0": h0, "c0": c0, **(moved or {})}
        self.question, self.config = question, cast(Any, question.config)
        self.p = self.taken({name: value + 0j for name, value in given.items()})
        self.T = len(question.x)
        self.slots: list[Array] = []
        self.keys: list[Array] = []
        self.hhat = self.p["h0"][None]

    def taken(self, p: dict[str, Array]) -> dict[str, Array]:
        """What the program makes of what it is given."""
        return p

    def copies(self) -> tuple[int, int, int]:
        """How many copies of a state, which of them the loss takes, and which the memory: copy r goes back r edges."""
        if self.config.truncation == "segment":
            return 1, 0, 0
        k_trunc = min(self.config.k_trunc or self.T, self.T)
        k_remind = min(self.config.k_remind or k_trunc, self.T)
        return max(k_trunc, k_remind), k_trunc - 1, k_remind - 1

    def run(self) -> dict[str, Array]:
        """y (T,B,O), h c s (T,B,H)."""
        (K, of_loss, of_slot), found = self.copies(), []
        h, c = (np.repeat(self.p[name][None], K, axis=0) for name in ("h0", "c0"))
        if self.config.has_memory and self.config.memory_start == "zero_state":
            self.write(h[0], h[0])
        for t, x in enumerate(self.p["x"], start=1):
            h, c = self.carried(t, h, c)
            self.c_before, self.x, self.h_before = c, x, h
            i, f, g, o = self.activations(*self.gates(t, x, h))
            c = self.cell(i, f, g, c)
            hhat = self.provisional(o, c)
            s = self.recall(t, hhat) if self.slots else np.zeros_like(hhat)
            h = self.state(hhat, s)
            if self.config.has_memory and self.writes(t):
                self.write(self.stored(t, hhat, h)[of_slot], hhat[of_slot])
            found.append((self.output(t, h[of_loss], s[of_loss], hhat[of_loss]), h[of_loss], c[of_loss], s[of_loss]))
            self.hhat, h = hhat, self.passed_on(t, h)
            self.after(t, h)
        return dict(zip(("y", "h", "c", "s"), map(np.stack, zip(*found, strict=True)), strict=True))

    def cuts(self, t: int) -> bool:
        k_trunc = self.config.k_trunc
        return k_trunc is not None and t > 1 and (t - 1 + self.config.segment_offset) % k_trunc == 0

    def carried(self, t: int, h: Array, c: Array) -> tuple[Array, Array]:
        """What step t starts from."""
        return self.carry(t, h), self.carry(t, c)

    def carry(self, t: int, state: Array) -> Array:
        if t == 1:
            return state
        if self.config.truncation == "sliding":
            return np.concatenate((constant(state[:1]), state[:-1]))
        return constant(state) if self.cuts(t) else state

    def gates(self, t: int, x: Array, h: Array) -> list[Array]:
        return np.split(x @ self.p["W_ih"].T + h @ self.p["W_hh"].T + self.p["b"], 4, axis=-1)

    def activations(self, z_i: Array, z_f: Array, z_g: Array, z_o: Array) -> tuple[Array, Array, Array, Array]:
        return sigmoid(z_i), sigmoid(z_f), np.tanh(z_g), sigmoid(z_o)

    def cell(self, i: Array, f: Array, g: Array, c: Array) -> Array:
        return f * c + i * g

    def provisional(self, o: Array, c: Array) -> Array:
        return o * np.tanh(c)

    def state(self, hhat: Array, s: Array) -> Array:
        return hhat + s

    def writes(self, t: int) -> bool:
        return t % self.config.k_att == 0

    def stored(self, t: int, hhat: Array, h: Array) -> Array:
        return h

    def passed_on(self, t: int, h: Array) -> Array:
        """What the next step is given of a state."""
        return h

    def after(self, t: int, h: Array) -> None:
        """At the end of a step."""

    def write(self, m: Array, hhat: Array) -> None:
        self.slots.append(m)
        self.keys.append(self.key(self.scored(m)))

    def scored(self, m: Array) -> Array:
        """What the score makes a key of."""
        return m if self.config.score_grad else constant(m)

    def asking(self, hhat: Array) -> Array:
        """What the score makes a query of."""
        return hhat if self.config.score_grad else constant(hhat)

    def key(self, m: Array) -> Array:
        return m @ self.p["W_m"].T if self.config.score == "additive" else np.tanh(m) @ self.p["u_m"]

    def query(self, hhat: Array) -> Array:
        return hhat @ self.p["W_q"].T if self.config.score == "additive" else np.tanh(hhat) @ self.p["u_q"]

    def score(self, k: Array, q: Array) -> Array:
        return np.tanh(k + q) @ self.p["w_a"] if self.config.score == "additive" else k + q

    def recall(self, t: int, hhat: Array) -> Array:
        """s (K,B,H) of step t."""
        q = self.query(self.asking(hhat))
        return self.summary(t, self.weights(self.score(self.visible(self.keys), q)), self.visible(self.slots)[:, 0])

    def visible(self, memory: list[Array]) -> Array:
        """(N,1,B,...)"""
        return np.stack(memory)[:, None]

    def summary(self, t: int, w: Array, m: Array) -> Array:
        return np.einsum("nkb,nbh->kbh", w, m)

    def weights(self, a: Array) -> Array:
        N, k_top, small = len(a), self.config.k_top, self.config.small_memory
        self.order = self.ranked(a)
        if self.config.sparsifier == "softmax" or k_top is None:
            return self.softmax(a, self.order[:k_top], self.config.temperature)
        if N <= k_top and small == "softmax":
            return self.softmax(a, self.order, 1.0)
        if N <= self.small() and small == "raw":
            return self.raw(a)
        return self.threshold(a, min(self.rank(), N))

    def ranked(self, a: Array) -> Array:
        return np.argsort(-a.real, axis=0, kind="stable")

    def rank(self) -> int:
        return self.config.k_top + (self.config.threshold_rank == "k_top+1")

    def small(self) -> int:
        """A memory of so many slots is small."""
        return self.config.k_top

    def raw(self, a: Array) -> Array:
        return a

    def threshold(self, a: Array, r: int) -> Array:
        v = self.above(a - self.theta(a, r) - self.margin(), r)
        return self.divided(v, v.sum(axis=0) + self.config.eps)

    def at_rank(self, a: Array, r: int) -> Array:
        return np.take_along_axis(a, self.order[r - 1 : r], axis=0)

    def theta(self, a: Array, r: int) -> Array:
        return self.at_rank(a, r)

    def margin(self) -> float:
        return self.config.margin

    def above(self, v: Array, r: int) -> Array:
        return relu(v)

    def divided(self, v: Array, S: Array) -> Array:
        return v / S

    def softmax(self, a: Array, kept: Array, temperature: float) -> Array:
        z = np.take_along_axis(self.heated(a, temperature), kept, axis=0)
        e = np.exp(z - z.real.max(axis=0))
        w = np.zeros_like(a)
        np.put_along_axis(w, kept, self.of_exponentials(e / e.sum(axis=0), z), axis=0)
        return w

    def heated(self, a: Array, temperature: float) -> Array:
        return a / temperature

    def of_exponentials(self, w: Array, z: Array) -> Array:
        return w

    def output(self, t: int, h: Array, s: Array, hhat: Array) -> Array:
        y = h @ self.p["V_h"].T + self.p["d"]
        return y + s @ self.p["V_s"].T if self.config.has_memory else y


def wrong(**lines: Callable[..., Any]) -> type[Model]:
    """The model with some lines replaced, by name."""
    return type("Wrong", (Model,), lines)


def disagreements(model: type[Model], found: Mapping[str, Array], question: Question) -> list[str]:
    """The tensors of `found` that are not the model's: outputs, and gradients along a random direction each."""
    run, rng = model(question).run(), np.random.default_rng(0)
    apart = [name for name in ("y", "h", "c", "s") if name in found and not _near(found[name], run[name].real)]
    h0, c0 = question.states
    slopes = {}
    for name, value in {**question.params, "x": question.x, "h0": h0, "c0": c0}.items():
        direction = rng.standard_normal(value.shape)
        y = model(question, {name: value + 1j * _STEP * direction}).run()["y"]
        slopes[name] = (found[f"grad.{name}"] * direction, (question.dy * y.imag).sum() / _STEP)
    largest = max(np.abs(parts).sum() for parts, _ in slopes.values())
    if not np.isfinite(largest):
        return [*apart, "grad.*"]
    most = ALLOWED * largest
    return apart + [f"grad.{name}" for name, (parts, slope) in slopes.items() if not abs(parts.sum() - slope) <= most]


def _near(one: Array, other: Array) -> bool:
    return one.shape == other.shape and bool(np.abs(one - other).max() <= ALLOWED * np.abs(other).max())


def check(mistake: Mistake, model: type[Model], question: Question, right: type[Model] = Model) -> None:
    """The engine with the mistake is the model that makes it, outputs and gradients, and is not the right one."""
    found = answer(Hypothesis(question.config, (mistake,)), question)
    assert found is not None
    apart = disagreements(model, found, question)
    assert not apart, f"not what the sentence says: {', '.join(apart)}"
    assert disagreements(right, found, question), "the question does not show the mistake"
