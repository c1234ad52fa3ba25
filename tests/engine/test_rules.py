"""A configuration as numbers: every choice told apart from every other, real numbers in the arrays' dtype."""

import numpy as np
import pytest

from sabcore import SABConfig
from sabcore.engine.rules import RAW, SOFTMAX, SOFTMAX_SMALL, THRESHOLD, rules
from sabcore.engine.truncation import make_truncation

SIZES = {"input_size": 2, "hidden_size": 3, "output_size": 2}
T, N = 9, 8


def rules_of(**fields):
    return rules(SABConfig.paper(**{**SIZES, "k_top": 3, **fields}), T, N, "float32")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({}, {"memory": 1, "additive": 1, "score_grad": 1, "sparsifier": THRESHOLD, "k_top": 3, "rank": 4, "cap": 4}),
        ({"threshold_rank": "k_top"}, {"rank": 3, "cap": 3}),
        ({"sparsifier": "softmax"}, {"sparsifier": SOFTMAX, "cap": 3}),
        ({"k_top": None, "sparsifier": "softmax"}, {"k_top": -1, "rank": 0, "cap": 0, "sparsifier": SOFTMAX}),
        ({"k_top": 0}, {"memory": 0, "cap": 0}),
        ({"k_top": 50}, {"cap": N}),
        ({"small_memory": "raw"}, {"small_memory": RAW}),
        ({"small_memory": "softmax"}, {"small_memory": SOFTMAX_SMALL}),
        ({"small_memory": "threshold"}, {"small_memory": THRESHOLD}),
        ({"score": "separable", "score_grad": False}, {"additive": 0, "score_grad": 0}),
        ({"memory_start": "zero_state", "k_att": 4}, {"first_slot": 0, "k_att": 4}),
        ({"k_att": 4}, {"first_slot": 4}),
        ({"k_trunc": 5, "segment_offset": 2}, {"k_trunc": 5, "segment_offset": 2, "L": 1, "bounded": 0}),
        ({"k_trunc": 5, "truncation": "sliding"}, {"k_trunc": 0, "L": 5, "bounded": 5}),
    ],
)
def test_each_choice_is_its_number(fields, says):
    found = rules_of(**fields)
    assert {name: found[name] for name in says} == says


def test_the_rules_are_distinct():
    assert len({THRESHOLD, SOFTMAX, SOFTMAX_SMALL, RAW}) == 4


@pytest.mark.parametrize("k_remind", [None, 1, 7])
def test_levels_are_the_truncations(k_remind):
    fields = {"k_trunc": 4, "k_remind": k_remind, "truncation": "sliding"}
    policy, found = make_truncation(SABConfig.paper(**SIZES, k_top=3, **fields), T), rules_of(**fields)
    assert (found["L"], found["loss_level"], found["slot_level"]) == (
        policy.levels, policy.loss_level, policy.slot_level,
    )  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_real_numbers_have_the_dtype_of_the_arrays(dtype):
    config = SABConfig.paper(**SIZES, k_top=3, margin=0.1, eps=0.2, temperature=0.3)
    found = rules(config, T, N, dtype)
    for name in ("margin", "eps", "temperature"):
        assert found[name].dtype == dtype
        assert found[name] == np.dtype(dtype).type(getattr(config, name))
