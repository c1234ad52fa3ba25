"""The CPU engine equals the plain one, in float64, over the whole of the spec."""

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sabcore.model.config import PRESETS, SABConfig, left_to_caller
from tests.engine.cpu.agreement import SIZES, assert_engines_agree, disagreements, make_case

TRUNCATIONS: dict[str, dict[str, Any]] = {
    "full": {},
    "segment": {"k_trunc": 3},
    "segment-shifted": {"k_trunc": 3, "segment_offset": 2},
    "sliding": {"k_trunc": 3, "truncation": "sliding"},
    "sliding-shorter": {"k_trunc": 4, "k_remind": 1, "truncation": "sliding"},
    "sliding-longer": {"k_trunc": 2, "k_remind": 5, "truncation": "sliding"},
    "sliding-loss-uncut": {"k_remind": 2, "truncation": "sliding"},
    "sliding-beyond-T": {"k_trunc": 2, "k_remind": 50, "truncation": "sliding"},
}
VARIANTS: dict[str, dict[str, Any]] = {
    "": {},
    "score-detached": {"score_grad": False},
    "zero-state": {"memory_start": "zero_state"},
    "small-raw": {"small_memory": "raw"},
    "small-softmax": {"small_memory": "softmax"},
    "small-threshold": {"small_memory": "threshold"},
    "margin-in": {"margin": -0.3},
    "margin-out": {"margin": 0.05},
    "eps": {"eps": 0.1},
    "separable": {"score": "separable"},
    "softmax-of-k": {"sparsifier": "softmax", "temperature": 0.7},
    "rank-k": {"threshold_rank": "k_top"},
    "one-back": {"k_back": 1},
    "margin-in-two-back": {"margin": -0.3, "k_back": 2},
}


def k_tops(preset: str) -> tuple[int | None, ...]:
    return {"lstm": (0,), "self_attention": (None,), "sab2017": (None,)}.get(preset, (1, 4))


@pytest.mark.parametrize("truncation", TRUNCATIONS)
@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("preset", PRESETS)
def test_presets_truncations_and_variants(preset: str, variant: str, truncation: str) -> None:
    for k_top, k_att in itertools.product(k_tops(preset), (1, 3)):
        fields: dict[str, Any] = {
            **SIZES,
            "k_top": k_top,
            "k_att": k_att,
            **TRUNCATIONS[truncation],
            **VARIANTS[variant],
        }
        if k_top is None:
            fields["sparsifier"] = "softmax"
        fields |= dict.fromkeys({"k_back"} & set(left_to_caller(preset)), 2)
        assert_engines_agree(SABConfig.preset(preset, **fields), T=13, B=3)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize(("T", "B", "k_att"), [(1, 1, 1), (1, 3, 1), (2, 2, 1), (5, 1, 6), (5, 9, 5), (9, 17, 2)])
def test_smallest_and_uneven_shapes(preset: str, T: int, B: int, k_att: int) -> None:
    for k_top in k_tops(preset):
        fields = {**SIZES, **dict.fromkeys(left_to_caller(preset), 2), "k_top": k_top, "k_att": k_att, "k_trunc": 2}
        assert_engines_agree(SABConfig.preset(preset, **fields), T=T, B=B)


def test_several_panels_and_collected_slots() -> None:
    """Long enough for more than one panel of steps, and for the last to be unfinished."""
    config = SABConfig.paper(**SIZES, k_top=2, k_att=1, k_trunc=4)
    assert_engines_agree(config, T=300, B=2)


@st.composite
def configs(draw: st.DrawFn) -> SABConfig:
    sparsifier: Any = draw(st.sampled_from(["threshold", "softmax"]))
    truncation: Any = draw(st.sampled_from(["segment", "sliding"]))
    budget = st.none() | st.integers(1, 12)
    return SABConfig(
        input_size=draw(st.integers(1, 4)),
        hidden_size=draw(st.integers(1, 9)),
        output_size=draw(st.integers(1, 4)),
        attention_size=draw(st.none() | st.integers(1, 9)),
        k_top=draw(st.integers(0, 6) if sparsifier == "threshold" else st.none() | st.integers(0, 6)),
        k_att=draw(st.integers(1, 5)),
        k_trunc=draw(budget),
        k_remind=draw(budget) if truncation == "sliding" else None,
        truncation=truncation,
        segment_offset=draw(st.integers(0, 3)),
        score=draw(st.sampled_from(["additive", "separable"])),
        sparsifier=sparsifier,
        threshold_rank=draw(st.sampled_from(["k_top+1", "k_top"])),
        margin=draw(st.sampled_from([0.0, 1e-7, -1e-7, 0.02, -0.02, -0.5])),
        eps=draw(st.sampled_from([1e-7, 1e-2])),
        small_memory=draw(st.sampled_from(["raw", "softmax", "threshold"])),
        temperature=draw(st.sampled_from([1.0, 0.3])),
        memory_start=draw(st.sampled_from(["empty", "zero_state"])),
        score_grad=draw(st.booleans()),
    )


@settings(max_examples=150, deadline=None)
@given(config=configs(), T=st.integers(1, 12), B=st.integers(1, 11), seed=st.integers(0, 999))
def test_any_config(config: SABConfig, T: int, B: int, seed: int) -> None:
    assert_engines_agree(config, T=T, B=B, seed=seed, gain=2.0)


@pytest.mark.parametrize("margin", [0.0, -1e-7, 1e-7])
@pytest.mark.parametrize("sparsifier", ["threshold", "softmax"])
def test_ties_go_to_the_older_slot(margin: float, sparsifier: str) -> None:
    """With w_a = 0 all scores are equal: the tie rule alone chooses, and a negative margin reads every slot."""
    config = SABConfig.paper(**SIZES, k_top=2, margin=margin, sparsifier=sparsifier, k_trunc=3)
    params, *rest = make_case(config, T=9, B=3)
    params["w_a"][:] = 0
    assert disagreements(config, (params, *rest)) == []
