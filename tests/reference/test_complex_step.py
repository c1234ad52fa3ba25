"""Two oracles without common code: reverse mode in PyTorch, and the forward alone at complex inputs."""

from __future__ import annotations

from typing import Any

import pytest

from sabcore.compare.report import failures
from sabcore.compare.tensors import compare
from sabcore.compare.tolerance import measured_floors
from sabcore.reference import autograd, complex_step
from tests.reference.cases import PRESETS, SLIDING, TRUNCATIONS, make_case

#: What two right programs agree to, unless rounding alone moves autograd's own result further.
ALLOWED = 1e-13

VARIANTS: dict[str, dict[str, Any]] = {
    "raw": {"small_memory": "raw"},
    "small_softmax": {"small_memory": "softmax", "temperature": 3.0},
    "margin": {"margin": 0.1},
    "negative_margin": {"margin": -0.3, "memory_start": "zero_state"},
    "one": {"k_top": 1, "small_memory": "raw"},
    "released_rank": {"threshold_rank": "k_top", "small_memory": "softmax"},
    "separable": {"score": "separable"},
    "k_att_2": {"k_att": 2, "memory_start": "zero_state"},
    "k_att_3": {"k_att": 3, "small_memory": "raw"},
    "softmax_top": {"sparsifier": "softmax", "k_top": 2, "temperature": 0.5},
    "softmax_all_separable": {"sparsifier": "softmax", "k_top": None, "score": "separable", "k_att": 2},
    "offset": {"segment_offset": 2, "k_trunc": 4, "truncation": "segment", "k_remind": None},
    "large_eps": {"eps": 0.5},
}


def agree(case) -> None:
    want = autograd.gradients(*case)
    got = complex_step.gradients(*case)
    assert set(got) == set(want)
    assert failures(compare(got, want, ALLOWED, lambda: floors(case))) == []


def floors(case):
    """The least scale of each of autograd's results, measured."""
    config, params, *inputs = case
    named = dict(zip(("x", "dy", "h0", "c0"), inputs, strict=True))
    given = {name for name, value in named.items() if value is not None}

    def run(moved):
        weights = {name: moved[name] for name in params}
        return autograd.gradients(config, weights, *(moved.get(name) for name in named))

    return measured_floors(run, params | {name: named[name] for name in given}, ALLOWED)


@pytest.mark.parametrize("score_grad", [True, False])
@pytest.mark.parametrize("truncation", TRUNCATIONS)
@pytest.mark.parametrize("preset", PRESETS)
def test_agrees_with_autograd_on_presets(preset, truncation, score_grad) -> None:
    agree(make_case(**{**PRESETS[preset], **TRUNCATIONS[truncation], "score_grad": score_grad}))


@pytest.mark.parametrize("truncation", ["segment", "sliding", "remind_more"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_agrees_with_autograd_on_variants(variant, truncation) -> None:
    agree(make_case(1, **{**TRUNCATIONS[truncation], **VARIANTS[variant]}))


@pytest.mark.parametrize("preset", ["paper", "released", "self_attention"])
def test_agrees_without_an_initial_state(preset) -> None:
    case = make_case(**{**PRESETS[preset], **SLIDING})
    agree((*case[:4], None, None))


def test_well_conditioned_runs_agree_to_1e_13() -> None:
    for preset in PRESETS:
        case = make_case(2, **PRESETS[preset], k_trunc=3)
        assert failures(compare(complex_step.gradients(*case), autograd.gradients(*case), 1e-13)) == [], preset


def test_a_wrong_rule_is_rejected() -> None:
    """The tolerance is not so wide that a model one choice away would pass."""
    fields: dict[str, Any] = {**PRESETS["dev2018"], **SLIDING, "k_remind": 2}
    right = make_case(**fields)
    got, least = complex_step.gradients(*right), floors(right)
    wrong_choices: list[dict[str, Any]] = [
        {"k_remind": 3},
        {"k_trunc": 2},
        {"k_remind": None},
        {"score_grad": False},
        {"margin": 1e-7},
    ]
    for wrong in wrong_choices:
        want = autograd.gradients(*make_case(**{**fields, **wrong}))
        assert failures(compare(got, want, ALLOWED, least)), wrong
