"""Fields changed in an otherwise right program, alone and in pairs, are named exactly."""

from __future__ import annotations

import itertools
import math
import random
from typing import Any

import numpy as np
import pytest

from sabcore import SABConfig
from sabcore.errors import ConfigError
from sabcore.validate.cases import ask
from sabcore.validate.equivalent import separating
from sabcore.validate.fields import canonical, difference, field_names, values
from sabcore.validate.forward_search import Ranked
from sabcore.validate.judge import Judge
from sabcore.validate.ours import Hypothesis, answer
from sabcore.validate.program import FunctionProgram
from tests.validate.programs import implementation

MODEL: dict[str, Any] = {"input_size": 3, "hidden_size": 4, "output_size": 5}
CLAIM = SABConfig.paper(**MODEL, k_top=3, k_trunc=4)
#: Values that the hypotheses know, and values that nobody could guess.
VALUES: dict[str, list[Any]] = {
    "k_top": [1, 2, 4, 6],
    "k_att": [2, 3],
    "k_trunc": [None, 2, 3, 7],
    "k_remind": [1, 2],
    "truncation": ["sliding"],
    "segment_offset": [1, 2],
    "sparsifier": ["softmax"],
    "threshold_rank": ["k_top"],
    "margin": [-1e-7, 1e-7, 0.037, -0.02],
    "eps": [1e-8, 1e-5, 0.013],
    "small_memory": ["raw", "softmax"],
    "temperature": [2.0, 0.7],
    "memory_start": ["zero_state"],
    "score_grad": [False],
    "score": [],  # shown by the parameters that a program takes
}
#: Without these, a field means nothing: it is changed in a program that is asked for them.
_NEEDS = {"temperature": {"sparsifier": "softmax"}, "k_remind": {"truncation": "sliding"}}
for _name in [*field_names(forward=True), *field_names(forward=False)]:  # those that joined since
    VALUES.setdefault(_name, list(values(_name, getattr(CLAIM, _name), CLAIM.k_trunc)[:2]))
SINGLE = [(name, value) for name, values in VALUES.items() for value in values]
PAIRS = [(*one, *other) for one, other in itertools.combinations(SINGLE, 2) if one[0] != other[0]]


def named(claim: SABConfig, fields: dict[str, Any]) -> bool:
    """Whether the best fit of a program with these fields is a configuration that no input tells from the true one."""
    true = SABConfig.from_dict(claim.to_dict() | fields)
    judgement = Judge(FunctionProgram(implementation(fields)), claim, 3, lambda line: None).judge()
    configs = [fit.config for fit in judgement.fits if not fit.mistakes]
    if canonical(true) in map(canonical, configs):
        return True
    return bool(configs) and separating(Hypothesis(configs[0]), Hypothesis(true), claim, 3, grads=True) is None


def test_every_field_is_changed():
    assert {name for name, _ in SINGLE} == {*field_names(forward=True), *field_names(forward=False)} - {"score"}


@pytest.mark.parametrize(("name", "value"), SINGLE)
def test_forward_fields_are_those_that_change_outputs(name, value):
    claim = SABConfig.from_dict(CLAIM.to_dict() | _NEEDS.get(name, {}))
    changed, question = SABConfig.from_dict(claim.to_dict() | {name: value}), ask(claim, 1, 12, 3)
    one, other = answer(Hypothesis(claim), question), answer(Hypothesis(changed), question)
    assert one is not None
    assert other is not None
    assert (name in field_names(forward=True)) == (not np.array_equal(one["y"], other["y"]))


@pytest.mark.parametrize(("name", "value"), SINGLE)
def test_a_field_changed_alone_is_named(name, value):
    claim = SABConfig.from_dict(CLAIM.to_dict() | _NEEDS.get(name, {}))
    judgement = Judge(FunctionProgram(implementation({name: value})), claim, 3, lambda line: None).judge()
    assert judgement.verdict == "other"
    assert {name: value} in [difference(fit.config, claim) for fit in judgement.fits]
    assert not judgement.fits[0].mistakes
    assert len(difference(judgement.fits[0].config, claim)) == 1


def share_named(pairs: list[tuple]) -> float:
    outcomes = []
    for one, first, other, second in pairs:
        fields = {one: first, other: second}
        try:
            changed = difference(SABConfig.from_dict(CLAIM.to_dict() | fields), CLAIM)
        except ConfigError:
            continue
        if changed.keys() == fields.keys():
            outcomes.append(named(CLAIM, fields))
    return sum(outcomes) / len(outcomes)


#: What only small scores show, and what only a fit of two values finds.
HARD: list[tuple] = [("k_top", 1, "margin", 1e-7), ("margin", 0.037, "eps", 0.013)]


def test_pairs_are_named():
    assert share_named(random.Random(0).sample(PAIRS, 12)) == 1


def test_hard_pairs_are_named():
    assert share_named(HARD) == 1


@pytest.mark.long
def test_all_pairs_are_named():
    assert share_named(PAIRS) == 1


def test_equivalent_configurations_are_reported_together():
    judgement = Judge(FunctionProgram(implementation({"k_top": 2})), CLAIM, 3, lambda line: None).judge()
    assert [difference(fit.config, CLAIM) for fit in judgement.fits] == [{"k_top": 2}, {"threshold_rank": "k_top"}]


def test_offsets_are_equal_modulo_k_trunc():
    assert canonical(SABConfig.paper(**MODEL, k_top=3, k_trunc=4, segment_offset=5)) == canonical(
        SABConfig.paper(**MODEL, k_top=3, k_trunc=4, segment_offset=1)
    )


def test_the_preset_is_named():
    fields = {"margin": -1e-7, "small_memory": "raw", "memory_start": "zero_state", "segment_offset": 1}
    judgement = Judge(FunctionProgram(implementation(fields)), CLAIM, 3, lambda line: None).judge()
    assert judgement.fits[0].config == SABConfig.dev2018(**MODEL, k_top=3, k_trunc=4)


def test_of_hypotheses_that_come_equally_near_the_first_is_told():
    ranked = Ranked(math.inf)
    found = [Hypothesis(SABConfig.paper(**MODEL, k_top=k_top)) for k_top in (1, 2, 3, 4)]
    agreeing = dict(zip(found, [(3, 9.0), (5, 7.0), (5, 7.0), (5, 8.0)], strict=True))
    assert not ranked.try_all(found, agreeing.__getitem__)
    assert [tried.hypothesis for tried in ranked.nearest] == [found[1], found[3], found[0]]
