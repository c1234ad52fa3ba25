"""What this machine can do at best: matrix products, scores, copies. Measured in the same run as everything else.

The score's terms are counted one a (step, sequence, slot, unit). Each costs a multiplication, an addition and half a
division, for tanh(k + q) = 1 - 2 / (1 + e^2k e^2q) with both exponentials cached, and two terms share one division.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from sabcore import SABConfig

from .measure import interleave
from .threads import blas_threads
from .workload import Workload

_jit: Any = njit(error_model="numpy", fastmath=True)


class Limits(NamedTuple):
    """Per second, float32, with the threads that were allowed."""

    matrix_flops: float
    score_terms: float
    copied_bytes: float


def measure_limits(threads: int, seconds: float = 2.0) -> Limits:
    """The rates. Products of 64 rows, the batch of a step, and scores of 1000 slots are too small to be shared: each
    has a thread of its own, and what one thread does counts once a thread."""
    rng = np.random.default_rng(0)
    rows, weights = (rng.standard_normal(shape, dtype="float32") for shape in ((64, 128), (128, 512)))
    products, out = np.empty((64, 512), "float32"), np.empty(8, "float32")
    E = rng.random((1000, 128), dtype="float32")
    e, w = rng.random((8, 128), dtype="float32"), rng.standard_normal(128, dtype="float32")
    block = np.ones(1 << 26, "uint8")
    target = np.empty_like(block)

    def multiply() -> None:
        with blas_threads(1):
            for _ in range(100):
                np.dot(rows, weights, products)

    runs = {"matrix": multiply, "score": lambda: _scores(E, e, w, out), "copy": lambda: np.copyto(target, block)}
    best = {name: min(times) for name, times in interleave(runs, seconds).rounds.items()}
    flops, terms = threads * 100 * 2 * rows.size * 512, threads * E.size * len(e)
    return Limits(flops / best["matrix"], terms / best["score"], block.size / best["copy"])


@_jit
def _scores(E: np.ndarray, e: np.ndarray, w: np.ndarray, out: np.ndarray) -> None:
    """E (N,A), e (queries,A), w (A,): all scores of every query; only their sums are kept, in out (queries,)."""
    N, A = E.shape
    half = A // 2
    for query in range(len(e)):
        total = np.float32(0)
        for j in range(N):
            for u in range(half):
                p = np.float32(1) + E[j, u] * e[query, u]
                q = np.float32(1) + E[j, half + u] * e[query, half + u]
                total += (w[u] * q + w[half + u] * p) / (p * q)
        out[query] = total


def floor_seconds(workload: Workload, limits: Limits) -> dict[str, float]:
    """The least time that a pass takes at these rates: its products and its scores. All else would be free."""
    config, T, B = workload.config, workload.T, workload.B
    return {
        "matrix": T * B * flops_per_step(config) / limits.matrix_flops,
        "score": B * config.A * sum(config.slots_before(t) for t in range(1, T + 1)) / limits.score_terms,
    }


def flops_per_step(config: SABConfig) -> int:
    """Of one sequence's products, forward once and backward twice; keys only where a step writes one."""
    I, H, O, A = config.input_size, config.hidden_size, config.output_size, config.A  # noqa: E741
    multiplied = 4 * H * (I + H) + H * O
    if config.has_memory:
        multiplied += H * O + A * H
        multiplied += A * H // config.k_att
    return 3 * 2 * multiplied
