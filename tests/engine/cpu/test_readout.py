"""The output layer of one block over a panel of steps, against the step's own function."""

import numpy as np
import pytest

from sabcore.step.readout import readout, readout_backward
from tests.engine.cpu.block import Block, assert_same, make_block, normal, part

LO, HI = 2, 5


@pytest.fixture(params=[(0, 2), (1, 2), (1, 0)], ids=["block 0", "block 1", "no memory"])
def block(request) -> Block:
    return make_block(b=request.param[0], k_top=request.param[1])


def states(block: Block) -> tuple[np.ndarray, np.ndarray | None]:
    n = block.rows.stop - block.rows.start
    return block.tape.h[LO + 1 : HI + 1, :n], block.tape.s[LO:HI, :n] if block.plan.memory else None


def test_outputs(block):
    y, p = np.full(block.dy.shape, np.nan), block.params
    part("readout").readout(block.plan, block.weights, block.tape, block.scratch, y, block.b, LO, HI)
    want = readout(*states(block), p["V_h"], p.get("V_s"), p["d"])
    assert_same({"y": y[LO:HI, block.rows]}, {"y": want})
    assert np.isnan(y).sum() == y.size - want.size


def test_gradients_of_states_and_weights(block):
    plan, p, n, grad = block.plan, block.params, block.rows.stop - block.rows.start, block.grad
    part("readout").readout_backward(plan, block.weights, grad, block.dy, block.b, LO, HI)
    sums = {name: getattr(grad, f"d{name}") for name in ("V_h", "V_s", "d")[:: 1 if plan.memory else 2]}
    before = {name: normal(7, *value.shape) for name, value in sums.items()}
    for name, value in before.items():
        sums[name][:] = value
    part("readout").readout_weights_backward(plan, block.tape, grad, LO, HI)
    dh, ds, weights = readout_backward(block.dy[LO:HI, block.rows], *states(block), p["V_h"], p.get("V_s"))
    shape, rows = (HI - LO, plan.R, plan.H), (HI - LO) * plan.R
    want = {name: before[name] + value for name, value in weights.items()} | {"dh": dh}
    got = {**sums, "dh": grad.dh_loss[:rows].reshape(shape)[:, :n]}
    if plan.memory:
        want["ds"], got["ds"] = ds, grad.ds_loss[:rows].reshape(shape)[:, :n]
    assert_same(got, want)
