"""Two oracles without common code: reverse mode in PyTorch, and the forward alone at complex inputs."""

from __future__ import annotations

from typing import Any

import pytest

from sabcore.reference import autograd, complex_step
from sabcore.reference.compare import errors, small_enough
from sabcore.reference.rounding import spread
from tests.reference.cases import PRESETS, SLIDING, TRUNCATIONS, make_case

#: Two right programs differ by a few times what an ulp's move of the inputs does; see `rounding.spread`.
FACTOR = 32

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
    allowed = spread(autograd.gradients, *case)
    for name, error in errors(got, want).items():
        assert small_enough(error, FACTOR * allowed[name]), f"{name}: error {error:.1e}, spread {allowed[name]:.1e}"


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
        worst = max(errors(complex_step.gradients(*case), autograd.gradients(*case)).values())
        assert small_enough(worst, 1e-13), preset


def test_a_wrong_rule_is_rejected() -> None:
    """The tolerance is not so wide that a model one choice away would pass."""
    fields: dict[str, Any] = {**PRESETS["dev2018"], **SLIDING, "k_remind": 2}
    right = make_case(**fields)
    got, allowed = complex_step.gradients(*right), spread(autograd.gradients, *right)
    wrong_choices: list[dict[str, Any]] = [
        {"k_remind": 3},
        {"k_trunc": 2},
        {"k_remind": None},
        {"score_grad": False},
        {"margin": 1e-7},
    ]
    for wrong in wrong_choices:
        want = autograd.gradients(*make_case(**{**fields, **wrong}))
        assert any(not small_enough(e, FACTOR * allowed[n]) for n, e in errors(got, want).items()), wrong
