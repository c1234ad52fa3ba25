"""The gradient that crosses from a step to the one before: `sabcore.engine.truncation`'s policy, after W_hh."""

from typing import Any

import pytest

from sabcore.engine.truncation import make_truncation
from tests.engine.cpu.block import assert_same, make_block, normal, part

POLICIES: list[dict[str, Any]] = [
    {},
    {"k_trunc": 2},
    {"k_trunc": 3, "segment_offset": 2},
    {"k_trunc": 2, "k_remind": 4, "truncation": "sliding"},
    {"k_trunc": None, "k_remind": 2, "truncation": "sliding"},
    {"k_trunc": 1, "truncation": "sliding"},
]
T = 7


@pytest.mark.parametrize("fields", POLICIES, ids=str)
def test_each_edge_is_cut_or_crossed_as_the_policy_says(fields):
    block = make_block(T=T, **fields)
    plan, policy = block.plan, make_truncation(block.config, T)
    assert plan.L == policy.levels
    for t in range(1, T + 1):
        dz, dc = normal(t, plan.L, plan.R, 4 * plan.H), normal(-t % 99, plan.L, plan.R, plan.H)
        block.grad.dc[:] = dc
        part("truncation").carry(plan, block.weights, block.grad, dz, t)
        dh = dz @ block.params["W_hh"]
        want = {"dh": policy.carry(t, dh), "dc": policy.carry(t, dc)} if t > 1 else {"dh": dh, "dc": dc}
        assert_same({"dh": block.grad.dh, "dc": block.grad.dc}, want)
