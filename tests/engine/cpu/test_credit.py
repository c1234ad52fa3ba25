"""What reads have sent to a slot, handed to the step that wrote it; and the query's share."""

import numpy as np
import pytest

from tests.engine.cpu.block import Block, assert_same, make_block, normal, part


@pytest.fixture(params=["additive", "separable"])
def block(request) -> Block:
    return make_block(score=request.param, k_att=2, truncation="sliding", k_trunc=2, k_remind=3)


def test_a_slot_is_credited_to_its_step_once_and_to_no_other(block):
    plan, grad, j, t = block.plan, block.grad, 1, 4
    dM, dkeys = normal(1, plan.R, plan.N, plan.H), normal(2, plan.R, plan.N, plan.U)
    grad.dM[:], grad.dkeys[:] = dM, dkeys
    for step, written in ((3, False), (t, True), (t, False)):  # step 3 wrote none; the second time nothing is left
        before = normal(3, plan.R, plan.H)
        dh = before.copy()
        part("credit").slot_credit(plan, block.weights, block.tape, grad, step, dh)
        dk = dkeys[:, j] if plan.additive else dkeys[:, j, 0]
        want = before + (dM[:, j] + block.score.key_backward(dk, block.tape.h[t])) * written
        assert_same({"dh": dh}, {"dh": want})
    assert not grad.dM[:, j].any()
    assert not grad.dkeys[:, j].any()
    others = [slot for slot in range(plan.N) if slot != j]
    np.testing.assert_array_equal(grad.dM[:, others], dM[:, others])
    np.testing.assert_array_equal(grad.dkeys[:, others], dkeys[:, others])


def test_the_key_weights_learn_from_every_slot_that_is_collected(block):
    plan, grad = block.plan, block.grad
    grad.dkeys[:] = dkeys = normal(2, plan.R, plan.N, plan.U)
    for j in reversed(range(plan.N)):
        t = 2 * (j + 1)
        part("credit").slot_credit(plan, block.weights, block.tape, grad, t, np.zeros((plan.R, plan.H)))
        if plan.additive and j in (1, 0):  # two products add up
            part("credit").key_weights_backward(grad)
            assert grad.collected[0] == 0
    M, dk = block.tape.h[2::2][: plan.N], dkeys.transpose(1, 0, 2)
    nothing = np.zeros((1, plan.R, plan.U))
    if not plan.additive:
        dk, nothing = dk[..., 0], nothing[..., 0]
    want = block.score.weights_backward(dk, M, nothing, np.zeros((1, plan.R, plan.H)))
    name = "W_m" if plan.additive else "u_m"
    assert_same({name: getattr(grad, f"d{name}")}, {name: want[name]})


def test_the_query_passes_on_to_each_level_and_to_its_weights(block):
    plan, grad, t, lo, hi = block.plan, block.grad, 5, 2, 6
    grad.dq[:] = dq = normal(1, plan.L, plan.R, plan.U)
    grad.dhhat[:] = np.nan
    part("credit").query_backward(plan, block.weights, block.tape, grad, t)
    flat = (lambda d: d) if plan.additive else (lambda d: d[..., 0])
    want = block.score.query_backward(flat(dq), block.tape.hhat[t - 1])
    assert_same({"dhhat": grad.dhhat}, {"dhhat": want})

    rows = (hi - lo) * plan.R
    grad.dq_sum[:rows] = sums = normal(4, rows, plan.U)
    part("credit").query_weights_backward(plan, block.tape, grad, lo, hi)
    name, empty = ("W_q", np.zeros((1, plan.R, plan.U))) if plan.additive else ("u_q", np.zeros((1, plan.R)))
    per_step = flat(sums.reshape(hi - lo, plan.R, plan.U))
    weights = block.score.weights_backward(empty, block.tape.h[:1], per_step, block.tape.hhat[lo:hi])
    assert_same({name: getattr(grad, f"d{name}")}, {name: weights[name]})
