"""The backward time loop, interpreted: every gradient, and buffers left as they were found."""

from typing import Any

import numpy as np
import pytest

from sabcore.engine import plain
from sabcore.engine.cpu.pool import Pool
from sabcore.model.config import SABConfig
from tests.engine.cpu.agreement import SIZES, make_case, run
from tests.engine.cpu.block import assert_same
from tests.mutants.cpu_build import build_cpu

MODELS: dict[str, dict[str, Any]] = {
    "levels": {"k_top": 2, "truncation": "sliding", "k_trunc": 2, "k_remind": 3},
    "segments, first slot at 0": {"k_top": 2, "k_trunc": 3, "memory_start": "zero_state", "k_att": 2},
    "separable": {"k_top": 2, "score": "separable", "memory_start": "zero_state"},
    "detached": {"k_top": 2, "score_grad": False},
    "no memory": {"k_top": 0},
}


@pytest.mark.parametrize("recompute", [False, True])
@pytest.mark.parametrize("model", MODELS)
def test_every_gradient(model, recompute):
    """Blocks of two rows, the last with padding; panels and chunks of two steps."""
    config = SABConfig.paper(**SIZES, **MODELS[model])
    case = make_case(config, T=7, B=3)
    assert_same(run(build_cpu(), config, case, recompute=recompute)[0], run(plain, config, case)[0], 1e-11)


class Watched(Pool):
    """A pool that remembers what it was given back last."""

    def give_back(self, key: Any, buffers: Any) -> None:
        self.last = buffers
        super().give_back(key, buffers)


@pytest.mark.parametrize("model", MODELS)
def test_what_slots_were_owed_has_been_paid(model):
    """The next pass finds these buffers in the pool, and does not clear them."""
    engine: Any = build_cpu()
    engine.POOL = Watched()
    config = SABConfig.paper(**SIZES, **MODELS[model])
    run(engine, config, make_case(config, T=7, B=3))
    grad = engine.POOL.last
    assert grad.dW.any()
    assert not np.any(grad.dM)
    assert not np.any(grad.dkeys)
