"""Configurations near another one: which fields are changed, to what, and which of them mean the same."""

from __future__ import annotations

import dataclasses

import pytest

from sabcore import PRESETS, SABConfig
from sabcore.validate.fields import (
    FORWARD,
    SIZES,
    as_fields,
    as_text,
    canonical,
    changed,
    difference,
    field_names,
    nearest_preset,
    presets_like,
    values,
    variants,
)

PAPER = SABConfig.paper(input_size=3, hidden_size=4, output_size=5, k_top=3, k_trunc=4)


def test_every_field_belongs_to_one_pass():
    forward, backward = field_names(forward=True), field_names(forward=False)
    assert sorted([*forward, *backward, *SIZES]) == sorted(as_fields(PAPER))
    assert set(forward) == set(FORWARD)
    assert as_fields(PAPER) == PAPER.to_dict()


@pytest.mark.parametrize("name", [name for name in as_fields(PAPER) if name not in SIZES])
def test_other_values_are_tried(name):
    asked = getattr(PAPER, name)
    tried = values(name, asked, PAPER.k_trunc)
    assert tried
    assert asked not in tried
    assert len(set(tried)) == len(tried)


def test_whole_numbers_near_what_is_asked_for():
    assert {2, 4, 1, 5, 6} <= set(values("k_top", 3, 4))
    assert None in values("k_trunc", 4, 4)
    assert 0 not in values("k_att", 1, 4)
    assert set(values("segment_offset", 0, 4)) == {1, 2, 3}


def test_fields_that_do_not_apply_are_no_difference():
    assert difference(dataclasses.replace(PAPER, temperature=3.0), PAPER) == {}
    assert difference(dataclasses.replace(PAPER, segment_offset=5), PAPER) == {"segment_offset": 1}
    assert canonical(dataclasses.replace(PAPER, segment_offset=4)) == PAPER
    assert difference(dataclasses.replace(PAPER, margin=0.5, k_top=2), PAPER) == {"k_top": 2, "margin": 0.5}


def test_a_change_that_means_nothing_or_is_impossible_is_none():
    assert changed(PAPER, {"temperature": 3.0}) is None
    assert changed(PAPER, {"k_top": None}) is None
    sliding = changed(PAPER, {"truncation": "sliding", "k_remind": 2})
    assert sliding is not None
    back = changed(sliding, {"truncation": "segment"})
    assert back is not None
    assert back.k_remind is None


def test_variants_differ_in_as_many_fields_once_each():
    for count in (1, 2):
        found = list(variants(PAPER, ["k_top", "margin", "small_memory"], count))
        assert len({canonical(config) for config in found}) == len(found) > 10
        assert {len(difference(config, PAPER)) for config in found} == {count}


def test_every_preset_is_its_own_nearest():
    for name, config in presets_like(PAPER).items():
        assert nearest_preset(config, PAPER) == (name, {}), name
    assert presets_like(PAPER).keys() == PRESETS.keys()


def test_of_equally_near_presets_the_claimed_one_is_named():
    released = SABConfig.released(input_size=3, hidden_size=4, output_size=5, k_top=3, k_trunc=4)
    assert nearest_preset(dataclasses.replace(released, eps=0.1), released) == ("released", {"eps": 0.1})


def test_fields_read_as_people_write_them():
    assert as_text({"k_trunc": None, "score": "additive", "score_grad": False}) == (
        "k_trunc = null, score = additive, score_grad = false"
    )
