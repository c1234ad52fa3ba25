"""One row's read of its memory and the way back: `sabcore.step.recall`, with the list on the tape or made again."""

from typing import Any

import numpy as np
import pytest

from sabcore.step.recall import recall, recall_backward, scatter_add
from sabcore.step.sparsify import make_sparsifier
from tests.engine.cpu.block import Block, assert_same, make_block, normal, part, write_keys

KINDS: dict[str, dict[str, Any]] = {
    "additive": {},
    "separable": {"score": "separable"},
    "every slot": {"k_top": None, "sparsifier": "softmax"},
    "k_att 2, levels": {"k_att": 2, "truncation": "sliding", "k_trunc": 2, "k_remind": 3},
    "more than the tape holds": {"margin": -9.0, "eps": 0.5},
}
T = 7


@pytest.fixture(params=KINDS)
def block(request) -> Block:
    made = make_block(T=T, **KINDS[request.param])
    write_keys(made)
    return made


def prepare(block: Block, t: int, r: int) -> int:
    """The query of step t and the scores of row r; returns how many slots there are."""
    plan, N = block.plan, block.config.slots_before(t)
    part("score").query(plan, block.weights, block.tape.hhat[t - 1], block.scratch)
    part("score").score_range(plan, block.weights, block.tape, block.scratch, r, 0, N)
    return N


def plainly(block: Block, t: int) -> tuple[Any, ...]:
    """hhat (R,H), M (N,R,H), keys, score, sparsifier, as the plain engine's step takes them."""
    N = block.config.slots_before(t)
    M = block.tape.h[block.config.first_slot :: block.config.k_att][:N].copy()
    return block.tape.hhat[t - 1], M, block.score.key(M), block.score, make_sparsifier(block.config, N)


def test_the_summary_is_read_added_and_noted(block):
    for t, r in ((3, 0), (T, 1)):
        hhat, M, keys, score, sparsifier = plainly(block, t)
        N = prepare(block, t, r)
        block.tape.s[t - 1, r], block.tape.h[t, r] = 0, hhat[r]
        part("read").read(block.plan, block.tape, block.scratch, r, t, N)
        s, cache = recall(hhat, M, keys, score, sparsifier)
        assert_same({"s": block.tape.s[t - 1, r], "h": block.tape.h[t, r]}, {"s": s[r], "h": hhat[r] + s[r]})
        n = N if cache.slots is None else len(cache.slots)
        assert block.tape.listed[t - 1, r] == (n if n <= block.plan.cap else -1)


@pytest.mark.parametrize("overwritten", [False, True])
def test_what_a_read_sends_back(block, overwritten):
    """Also where another row's read has been through the scratch since."""
    t, r, plan, grad = T, 1, block.plan, block.grad
    hhat, M, keys, score, sparsifier = plainly(block, t)
    part("read").read(plan, block.tape, block.scratch, r, t, prepare(block, t, r))
    if overwritten:
        prepare(block, t, 0)
        part("sparsify").select(plan, len(M), block.scratch)
    ds = normal(3, plan.L, plan.R, plan.H)
    grad.ds[:] = ds
    grad.ds_sum[:] = np.nan  # of the row before
    part("read").read_backward(plan, block.weights, block.tape, block.scratch, grad, r, t, len(M))
    _, cache = recall(hhat, M, keys, score, sparsifier)
    dm, dk, dq, dweights = recall_backward(ds, hhat, M, keys, cache, score, sparsifier)
    dM, dkeys = np.zeros_like(M), np.zeros_like(keys)
    scatter_add(dM, cache.slots, dm)
    scatter_add(dkeys, cache.slots, dk)
    got = {"dM": grad.dM[r, : len(M)], "dkeys": grad.dkeys[r, : len(M)], "dq": grad.dq[:, r]}
    want = {"dM": dM[:, r], "dkeys": dkeys[:, r].reshape(len(M), -1), "dq": dq[:, r].reshape(plan.L, -1)}
    assert_same(got, want, 1e-11)
    assert not grad.dM[1 - r].any()
    if "w_a" in dweights:
        m_row = recall_backward(ds[:, [r]], hhat[[r]], M[:, [r]], keys[:, [r]], _row(cache, r), score, sparsifier)
        assert_same({"dw_a": grad.dw_a}, {"dw_a": m_row.dweights["w_a"]}, 1e-11)


def _row(cache: Any, r: int) -> Any:
    return cache._replace(**{name: None if value is None else value[:, [r]] for name, value in cache._asdict().items()})
