"""float32 against float64: how far apart, and how often they read different memories."""

from functools import partial

import numpy as np
import pytest

from sabcore.compare.report import failures
from sabcore.compare.tensors import compare
from sabcore.engine import cpu, plain
from sabcore.model.config import SABConfig
from tests.engine.cpu.agreement import floors, make_case, run

SIZES = {"input_size": 10, "hidden_size": 64, "output_size": 10}


def widened(params, *arrays):
    """The same case in float64."""
    return {name: value.astype("float64") for name, value in params.items()}, *(a.astype("float64") for a in arrays)


def selections(tape) -> np.ndarray:
    """(T,B) sets of slots, as sorted tuples."""
    blocks = tape.buffers
    lists = np.sort(np.where(np.arange(tape.plan.cap) < blocks.listed[..., None], blocks.slots, -1), axis=-1)
    return lists.transpose(1, 0, 2, 3).reshape(tape.plan.T, -1, tape.plan.cap)[:, : tape.plan.B]


@pytest.mark.parametrize("preset", ["paper", "dev2018", "self_attention", "lstm"])
def test_float32_stays_near_float64_where_it_reads_the_same(preset: str) -> None:
    k_top = {"lstm": 0, "self_attention": None}.get(preset, 10)
    config = SABConfig.preset(preset, **SIZES, k_top=k_top, k_trunc=10)
    compared = 0
    for seed in range(4):
        params, *arrays = make_case(config, T=60, B=4, seed=seed, dtype="float32", gain=1.0)
        case, wide_case = (params, *arrays), widened(params, *arrays)
        (got, tape), (_, wide_tape) = run(cpu, config, case), run(cpu, config, wide_case)
        if k_top and (differs := (selections(tape) != selections(wide_tape)).any(axis=-1)).any():
            assert differs.mean() < 0.02
            continue
        want = run(plain, config, wide_case)[0]
        allowed = {name: 1e-3 if name.startswith("grad.") else 2e-5 for name in want}
        assert failures(compare(got, want, allowed, partial(floors, config, case, allowed))) == []
        compared += 1
    assert compared >= 2


def test_how_often_float32_reads_other_slots(record_property) -> None:
    """About one read in thousands, where two scores lie within rounding of each other."""
    config = SABConfig.paper(**SIZES, k_top=10, k_trunc=10)
    params, *arrays = make_case(config, T=150, B=16, dtype="float32", gain=1.0)
    wide_case = widened(params, *arrays)
    narrow, wide = (selections(run(cpu, config, case)[1]) for case in ((params, *arrays), wide_case))
    share = float((narrow != wide).any(axis=-1).mean())
    record_property("share_of_reads_that_differ", share)
    assert share < 0.02
