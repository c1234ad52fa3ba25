"""The LSTM's products, a panel of steps at once: gates of inputs and of states, and the gradients of both."""

import numpy as np
import pytest

from sabcore.step.lstm import sigmoid
from tests.engine.cpu.block import Block, assert_same, make_block, normal, part

LO, HI = 2, 5


@pytest.fixture(params=[0, 1])
def block(request) -> Block:
    """The second block has a row of padding."""
    return make_block(b=request.param)


def test_inputs_are_gathered_by_step_and_row_with_a_one_for_the_bias(block):
    plan, inputs = block.plan, np.zeros(((HI - LO) * block.plan.R, block.plan.I + 1))
    part("gates").gather_inputs(plan, block.x, block.b, LO, HI, inputs)
    want = np.zeros((HI - LO, plan.R, plan.I + 1))
    n = block.rows.stop - block.rows.start
    want[:, :n, :-1], want[:, :n, -1] = block.x[LO:HI, block.rows], 1
    np.testing.assert_array_equal(inputs.reshape(want.shape), want)


def test_gates_of_each_step(block):
    args = block.plan, block.weights, block.tape, block.scratch
    part("gates").gates_of_inputs(*args, block.x, block.b, LO, HI)
    n, p = block.rows.stop - block.rows.start, block.params
    for t in range(LO + 1, HI + 1):
        got = part("gates").gates_of_step(*args, t)
        z = block.x[t - 1, block.rows] @ p["W_ih"].T + block.tape.h[t - 1, :n] @ p["W_hh"].T + p["b"]
        i, f, g, o = np.split(z, 4, axis=1)
        want = np.concatenate((sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)), axis=1)
        assert_same({"gates": got[:n], "kept": block.tape.gates[t - 1, :n]}, {"gates": want, "kept": want})


def test_gradients_of_inputs_and_weights(block):
    plan, n = block.plan, block.rows.stop - block.rows.start
    dz = np.zeros((HI - LO, plan.R, 4 * plan.H))
    dz[:, :n] = normal(5, HI - LO, n, 4 * plan.H)
    block.grad.dz_sum[: (HI - LO) * plan.R] = dz.reshape(-1, 4 * plan.H)
    block.grad.dW[:] = before = normal(6, *block.grad.dW.shape)
    dx = np.full(block.x.shape, np.nan)
    part("gates").gates_backward(plan, block.weights, block.tape, block.grad, block.x, dx, block.b, LO, HI)
    x, h, dz = block.x[LO:HI, block.rows], block.tape.h[LO:HI, :n], dz[:, :n]
    joined = np.concatenate((x, np.ones((HI - LO, n, 1)), h), axis=2)
    want = {"dx": dz @ block.params["W_ih"], "dW": before + np.einsum("tbz,tbk->zk", dz, joined)}
    assert_same({"dx": dx[LO:HI, block.rows], "dW": block.grad.dW}, want)
    assert np.isnan(dx).sum() == dx.size - want["dx"].size  # and nobody else's
