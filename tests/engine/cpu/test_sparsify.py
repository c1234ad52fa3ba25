"""One row's selection, weights and their gradient: those of `sabcore.step.sparsify`, for every rule."""

from typing import Any

import numpy as np
import pytest

from sabcore.step.sparsify import make_sparsifier
from tests.engine.cpu.block import Block, make_block, normal, part

RULES: dict[str, dict[str, Any]] = {
    "threshold": {},
    "threshold of rank k": {"threshold_rank": "k_top"},
    "margin that lets in": {"margin": -0.4, "eps": 0.1},
    "margin that keeps out": {"margin": 0.3},
    "softmax of k": {"sparsifier": "softmax", "temperature": 0.5},
    "softmax of all": {"k_top": None, "sparsifier": "softmax", "temperature": 0.5},
    "small raw": {"small_memory": "raw"},
    "small softmax": {"small_memory": "softmax", "temperature": 0.5},
}


def rows(N: int) -> list[np.ndarray]:
    """Distinct scores, and scores of which several are equal."""
    return [normal(N, N), np.round(2 * normal(N + 50, N)) / 2, np.zeros(N)]


def selected(block: Block, N: int, a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The slots of a row and their scores."""
    block.scratch.scores[:N] = a
    n = part("sparsify").select(block.plan, N, block.scratch)
    return block.scratch.idx[:n].copy(), block.scratch.a[:n].copy()


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("N", [1, 2, 3, 6])
def test_selection_weights_and_gradient(rule, N):
    block = make_block(T=8, **RULES[rule])
    sparsifier = make_sparsifier(block.config, N)
    for a in rows(N):
        slots, scores = selected(block, N, a)
        order = sparsifier.select(a[:, None])
        want = np.arange(N) if order is None else order[:, 0]
        inside = make_sparsifier(block.config, N).weights(a[want, None])[:, 0]
        r = len(want) if order is None or block.config.margin >= 0 else min(block.plan.rank, N)
        assert list(slots[:r]) == list(want[:r])  # ranked; what a margin lets in may follow in any order
        assert set(slots[r:]) == set(want[r:])
        np.testing.assert_array_equal(scores, a[slots])

        n, w, da, dw = len(slots), np.full(len(slots), np.nan), np.full(len(slots), np.nan), normal(9, N)
        part("sparsify").weigh(block.plan, N, n, scores, w)
        part("sparsify").weigh_backward(block.plan, N, n, scores, w, dw[slots], da)
        back = sparsifier.backward(dw[None, want, None], a[want, None], inside[:, None])[0, :, 0]
        table = np.zeros((4, N))
        table[0, slots], table[1, slots], table[2, want], table[3, want] = w, da, inside, back
        scale = max(1.0, 1 / block.config.eps if not inside.any() else 1.0)  # nothing read: 1 / S is 1 / eps
        np.testing.assert_allclose(table[0], table[2], rtol=0, atol=1e-13)
        np.testing.assert_allclose(table[1], table[3], rtol=0, atol=1e-13 * max(scale, np.abs(back).max()))
