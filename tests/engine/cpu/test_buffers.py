"""Every buffer has the shape that the line declaring it states, and nothing is kept for what a model lacks."""

import inspect
import re
from typing import Any

import numpy as np
import pytest

from sabcore.engine.cpu import buffers
from sabcore.engine.cpu.buffers import GradientBuffers, Scratch, TapeBuffers, gradient_buffers, scratch, tape_buffers
from sabcore.engine.cpu.plan import Plan, make_plan
from sabcore.engine.cpu.prefetch import LINE
from sabcore.engine.cpu.topk import room
from sabcore.model.config import SABConfig
from tests.engine.cpu.agreement import SIZES

MODELS: dict[str, dict[str, Any]] = {
    "additive": {"k_top": 2},
    "sliding": {"k_top": 2, "truncation": "sliding", "k_trunc": 2, "k_remind": 3, "k_att": 2},
    "separable": {"k_top": 2, "score": "separable"},
    "margin": {"k_top": 2, "margin": -0.1},
    "all slots": {"k_top": None, "sparsifier": "softmax"},
}
T = 11


def plan_of(B: int = 3, **fields: Any) -> Plan:
    return make_plan(SABConfig.paper(**SIZES, **fields), T, B, "float32")


def stated(record: type, plan: Plan, **sizes: int) -> dict[str, tuple[int, ...]]:
    """By field, the shape in its comment, with the blocks before it: `(P R,I+1)` is P times R, and I + 1."""
    lines = re.findall(r"^    (\w+): np\.ndarray  # \(([^)]*)\)", inspect.getsource(record), re.M)
    assert [name for name, _ in lines] == list(getattr(record, "_fields"))  # noqa: B009  a NamedTuple's
    known = {**plan._asdict(), **sizes}
    shapes = {}
    for name, text in lines:
        axes = [re.sub(r"(\d)([A-Z])", r"\1*\2", axis).replace(" ", "*") for axis in text.split(",") if axis]
        shapes[name] = (plan.blocks, *(eval(axis, {}, known) for axis in axes))  # a comment of ours, checked here
    return shapes


@pytest.mark.parametrize("model", MODELS)
def test_shapes_are_those_that_are_stated(model):
    plan = plan_of(**MODELS[model])
    every = plan.k_top < 0 or plan.margin < 0
    sizes = {"list": plan.N if every else plan.cap, "room": room(plan.N, max(plan.rank, plan.k_top))}
    for record, made in (
        (TapeBuffers, tape_buffers(plan, "float32", T)),
        (Scratch, scratch(plan, "float32")),
        (GradientBuffers, gradient_buffers(plan, "float32")),
    ):
        for name, shape in stated(record, plan, **sizes).items():
            value = getattr(made, name)
            additive_only = name in ("far_keys", "dW_m", "dW_q", "dw_a", "of_dW_m")
            if plan.additive or not additive_only:
                assert value.shape == shape, name
            else:
                assert value.size == 0, name
            assert not value.any()
            assert value.flags.c_contiguous
            assert value.size == 0 or value.ctypes.data % LINE == 0, name
            assert value.dtype == np.float32 or not np.issubdtype(value.dtype, np.floating), name


def test_a_plain_lstm_keeps_nothing_of_a_memory():
    plan = make_plan(SABConfig.lstm(**SIZES), T, 3, "float64")
    tape, grad = tape_buffers(plan, "float64", T), gradient_buffers(plan, "float64")
    for name in "hhat s far_keys slots a listed".split():
        assert getattr(tape, name).size == 0, name
    for name in "dM ds_loss dW_m dW_q dw_a du_q du_m dV_s".split():
        assert grad._asdict()[name].size == 0 or name == "dM", name


def test_a_tape_may_keep_the_gates_of_a_panel_alone():
    plan = plan_of(k_top=2)
    assert tape_buffers(plan, "float32", 4).gates.shape == (plan.blocks, 4, plan.R, 4 * plan.H)
    assert buffers.tape_buffers(plan, "float32", 4).h.shape[1] == T + 1
