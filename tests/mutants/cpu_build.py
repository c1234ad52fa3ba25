"""The CPU engine's own sources, interpreted, in sizes that reach every block, panel, chunk, level and share at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any, NamedTuple

import numba
import numpy as np

from sabcore.engine import plain
from sabcore.engine.cpu.pool import POOL
from sabcore.model.config import SABConfig
from sabcore.model.params import init_params
from sabcore.validate.mistakes.build import Copies
from sabcore.validate.mistakes.record import Change
from tests.cases import random_inputs

CPU = "sabcore.engine.cpu"
#: What is copied: all that computes. How it is compiled, kept and pooled is the engine's own.
COPIED = ("sabcore.engine.rules", CPU)
SHARED = tuple(f"{CPU}.{name}" for name in ("jit", "cache", "pool"))
SIZES: dict[str, Any] = {"input_size": 2, "hidden_size": 3, "output_size": 4, "attention_size": 5}
T = 7


class Case(NamedTuple):
    """A model, a batch size, and what sets it apart: `far` keys and queries, of opposite signs if they `cancel`."""

    fields: dict[str, Any]
    B: int = 3
    far: bool = False
    cancel: bool = False
    recompute: bool = False
    preset: str = "paper"

    @property
    def config(self) -> SABConfig:
        return SABConfig.preset(self.preset, **SIZES, **self.fields)

    @property
    def arguments(self) -> tuple[Any, ...]:
        """params, x, h0, c0, dy."""
        params = {name: 3 * value for name, value in init_params(self.config, 1, "float64").items()}
        if self.far:
            params["W_m"] *= 200
            params["W_q"] = -params["W_m"] if self.cancel else 200 * params["W_q"]
        inputs = random_inputs(self.config, seed=2, T=T, B=self.B)
        return params, inputs.x, inputs.h0, inputs.c0, inputs.dy


CASES = [
    Case({"k_top": 2, "truncation": "sliding", "k_trunc": 2, "k_remind": 4}),
    Case({"k_top": 2, "k_trunc": 3, "eps": 0.1}, recompute=True),
    Case({"k_top": 2, "k_att": 2, "truncation": "sliding", "k_trunc": 3, "k_remind": 1}, preset="dev2018"),
    Case({"k_top": 2, "truncation": "sliding", "k_remind": 2}, preset="released"),
    Case({"k_top": None, "k_trunc": 3, "memory_start": "zero_state"}, preset="self_attention"),
    Case({"k_top": 1, "margin": -0.5}),
    Case({"k_top": 3, "small_memory": "softmax", "sparsifier": "threshold", "temperature": 0.5}),
    Case({"k_top": 2}, far=True, cancel=True),
    Case({"k_top": None}, far=True, preset="self_attention"),
    Case({"k_top": None, "temperature": 1e-3}, preset="self_attention"),
    Case({"k_top": None, "k_back": 2, "truncation": "sliding", "k_trunc": 3}, preset="self_attention"),
    Case({"k_top": 3, "k_back": 1, "margin": -0.5, "small_memory": "raw"}),
    Case({"k_top": 2}, B=1),
]


@contextmanager
def _not_compiled() -> Iterator[None]:
    before, numba.config.DISABLE_JIT = numba.config.DISABLE_JIT, 1
    try:
        yield
    finally:
        numba.config.DISABLE_JIT = before


class _Unwritten:
    """NumPy, whose `empty` holds NaN: what is never written must not be right by chance."""

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    def empty(self, shape: Any, dtype: Any) -> np.ndarray:
        return np.full(shape, np.nan, dtype)


class _Interpreted(Copies):
    def load(self, name: str) -> ModuleType:
        if name in SHARED:
            return __import__(name, fromlist=["_"])
        return super().load(name)


def interpreted(changes: Sequence[Change] = ()) -> Copies:
    """Copies of the CPU engine's modules with these changes, as Python runs them; all are loaded."""
    copies = _Interpreted(changes, {}, COPIED)
    with _not_compiled():
        copies.load(CPU)
    return copies


def build_cpu(changes: Sequence[Change] = ()) -> ModuleType:
    """The CPU engine with these changes, interpreted: blocks of two rows, panels and chunks of two steps."""
    POOL.clear()
    copies = interpreted(changes)
    engine: Any = copies.load(CPU)
    engine.np, engine.CHUNK, engine.SPLIT_TERMS = _Unwritten(), 1, 15
    plan: Any = copies.load(f"{CPU}.plan")
    plan.PANEL_ROWS = 4
    forward: Any = copies.load(f"{CPU}.forward")
    forward.SPLIT_TERMS, forward.SHARE_TERMS = 15, 10
    return engine


def results(engine: Any, case: Case, **options: Any) -> list[dict[str, np.ndarray]]:
    """Of two passes, the second of which finds the buffers of the first: y and every gradient."""
    params, x, h0, c0, dy = case.arguments
    found = []
    for _ in range(2):
        y, tape = engine.forward(case.config, params, x, h0, c0, **options)
        found.append({"y": y} | engine.backward(case.config, params, tape, dy))
        del tape
    return found


def wanted(case: Case) -> dict[str, np.ndarray]:
    """By the plain engine."""
    return results(plain, case)[0]
