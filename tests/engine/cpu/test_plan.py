"""What compiled code is told: sizes that follow from the batch alone, and weights laid out for its products."""

import numpy as np
import pytest

from sabcore.engine.cpu.plan import BLOCK_ROWS, PANEL_ROWS, make_plan, pack_weights
from sabcore.model.config import SABConfig
from sabcore.model.params import init_params
from tests.engine.cpu.agreement import SIZES


@pytest.mark.parametrize("B", [*range(1, 20), 64, 1000])
def test_every_row_has_its_place_in_one_block(B):
    plan = make_plan(SABConfig.paper(**SIZES, k_top=2), T=9, B=B, dtype="float32")
    assert (plan.blocks - 1) * plan.R < B <= plan.blocks * plan.R
    assert plan.R <= BLOCK_ROWS
    assert plan.blocks >= 2 or B == 1  # two cores have something to do
    assert plan.P * plan.R <= PANEL_ROWS < (plan.P + 1) * plan.R


def test_sizes_and_choices():
    config = SABConfig.released(**SIZES, k_top=2, k_att=3, k_trunc=4)
    plan = make_plan(config, T=10, B=3, dtype="float32")
    sizes = {"T": 10, "B": 3, "I": 3, "H": 7, "A": 5, "O": 4, "U": 1, "N": config.slots_before(11)}
    assert {name: getattr(plan, name) for name in sizes} == sizes
    assert (plan.additive, plan.k_trunc, plan.segment_offset, plan.rank) == (0, 4, 1, 2)
    assert {type(value) for value in (plan.margin, plan.eps, plan.temperature)} == {np.float32}
    assert make_plan(SABConfig.paper(**SIZES, k_top=2), 10, 3, "float32").U == 5


@pytest.mark.parametrize("preset", ["paper", "released", "lstm"])
def test_weights_are_copies_in_both_layouts_and_empty_where_there_are_none(preset):
    config = SABConfig.preset(preset, **SIZES, k_top=0 if preset == "lstm" else 2)
    params = {name: np.asfortranarray(value) for name, value in init_params(config, 0, "float64").items()}
    params["b"] = params["b"] + np.arange(28)  # initialised to zero
    weights = pack_weights(params)._asdict()
    np.testing.assert_array_equal(weights.pop("W_in"), np.vstack((params["W_ih"].T, params["b"])))
    for name, value in weights.items():
        of = params.get(name.removesuffix("_T"))
        assert value.flags.c_contiguous
        assert value.dtype == np.float64
        if of is None:
            assert value.size == 0
        else:
            np.testing.assert_array_equal(value, of.T if name.endswith("_T") else of, err_msg=name)
            assert not np.shares_memory(value, of)
