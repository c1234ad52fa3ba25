"""One block of batch rows with random contents, and the compiled functions as Python runs them: tests in milliseconds.

That compiled code computes the same is `test_agreement`'s to show, and every test that runs the engine.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from sabcore.compare.report import failures
from sabcore.compare.tensors import compare
from sabcore.model.config import SABConfig
from sabcore.step.score import Score, make_score
from tests.engine.cpu.agreement import SIZES, make_case
from tests.mutants.cpu_build import CPU, interpreted


@cache
def part(name: str) -> Any:
    """The module of this name in the CPU engine's folder, not compiled."""
    return _copies().load(f"{CPU}.{name}")


@cache
def _copies() -> Any:
    return interpreted()


class Block(NamedTuple):
    """Block `b` of a batch, its arrays views of those of all blocks; states are random, sums and gradients zero."""

    config: SABConfig
    params: dict[str, np.ndarray]
    plan: Any
    weights: Any
    tape: Any
    scratch: Any
    grad: Any
    x: np.ndarray
    dy: np.ndarray
    b: int

    @property
    def rows(self) -> slice:
        """Its rows of the batch."""
        return slice(self.b * self.plan.R, min((self.b + 1) * self.plan.R, self.plan.B))

    @property
    def score(self) -> Score:
        """The plain engine's score."""
        return make_score(self.config, self.params)


def make_block(T: int = 7, B: int = 3, b: int = 0, seed: int = 0, **fields: Any) -> Block:
    """Of a `paper` model with these fields; with three rows, blocks have two, and block 1 one of padding."""
    config = SABConfig.paper(**{**SIZES, "k_top": 2, **fields})
    params, x, _, _, dy = make_case(config, T, B, seed=seed)
    plan = part("plan").make_plan(config, T, B, x.dtype)
    buffers = part("buffers")
    every = buffers.tape_buffers(plan, x.dtype, T), buffers.scratch(plan, x.dtype)
    tape, scratch, grad = (
        part("borrow").block_of(arrays, b) for arrays in (*every, buffers.gradient_buffers(plan, x.dtype))
    )
    rng = np.random.default_rng(seed + 1)
    for state in (tape.h, tape.c, tape.hhat, tape.s):
        state[:, : min(plan.R, B - b * plan.R)] = rng.normal(size=state[:, : min(plan.R, B - b * plan.R)].shape)
    return Block(config, params, plan, part("plan").pack_weights(params), tape, scratch, grad, x, dy, b)


def write_keys(block: Block) -> None:
    """The keys of every slot, from the tape's states."""
    plan = block.plan
    for j in range(plan.N):
        m = block.tape.h[part("slots").step_of(j, plan.first_slot, plan.k_att)]
        part("score").write_keys(plan, block.weights, m, j, block.tape, block.scratch.q)


def assert_same(got: dict[str, Any], want: dict[str, Any], allowed: float = 1e-13) -> None:
    """Tensor by tensor, by this project's one comparison."""
    assert failures(compare(got, want, allowed)) == []


def normal(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)
