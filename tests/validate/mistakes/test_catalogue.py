"""The catalogue: every mistake is found in a program that makes it, and is what it says."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from sabcore import SABConfig
from sabcore.validate.cases import ask, with_ties
from sabcore.validate.judge import Judge
from sabcore.validate.mistakes import INITIAL, MISTAKES, MUTANTS, TIES, Change, Mistake
from sabcore.validate.mistakes.build import build
from sabcore.validate.mistakes.lines import changed_lines
from sabcore.validate.ours import Hypothesis, run_forward
from sabcore.validate.ours import answer as answered
from sabcore.validate.program import FunctionProgram
from sabcore.validate.question import Question
from tests.validate.programs import implementation

MODEL: dict[str, Any] = {"input_size": 3, "hidden_size": 4, "output_size": 5}
_SLIDING = {"truncation": "sliding", "k_trunc": 3}
#: Configurations, one of which shows each mistake.
CLAIMS = [
    SABConfig.paper(**MODEL, k_top=3, k_trunc=4),
    SABConfig.released(**MODEL, k_top=3, k_trunc=4),
    SABConfig.dev2018(**MODEL, k_top=3, k_trunc=4),
    SABConfig.self_attention(**MODEL, k_trunc=4, temperature=2.0),
    SABConfig.sab2017(**MODEL, k_back=2, k_trunc=4),
    SABConfig.paper(**MODEL, k_top=2, **_SLIDING, k_remind=2),
    SABConfig.paper(**MODEL, k_top=3, k_att=2, margin=0.05, score_grad=False),
    SABConfig.released(**MODEL, k_top=3, k_trunc=4, score_grad=False),
]
#: Seen from an initial state that is not zero, or in its gradient: test_initial.py.
OF_THE_INITIAL_STATE = {
    *(mistake.name for mistake in INITIAL),
    *("edge into the initial state cut", "initial state's slot forgotten"),
}
#: Their engine breaks down where it would show.
BREAKS_DOWN = {"zero state not in the memory", "first slot at step 1"}
FOUND = [mistake for mistake in MISTAKES if mistake.name not in OF_THE_INITIAL_STATE | BREAKS_DOWN | {TIES}]


def answer(hypothesis: Hypothesis, question: Question) -> Any:
    return answered(hypothesis, question)


def differs(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    names = [name for name in one if name in other and name not in ("grad.h0", "grad.c0")]
    return any(
        not np.allclose(one[name], other[name], rtol=0, atol=1e-6 * (np.abs(one[name]).max() + 1e-9)) for name in names
    )


def showing(mistake: Mistake) -> SABConfig:
    """The first claim under which a mistake can be seen."""
    for claim in CLAIMS:
        question = ask(claim, 1, 12, 3)
        right, wrong = answer(Hypothesis(claim), question), answer(Hypothesis(claim, (mistake,)), question)
        if wrong is not None and differs(right, wrong):
            return claim
    raise AssertionError(f"no configuration shows: {mistake.name}")


def is_named(mistake: Mistake) -> bool:
    """Whether a program with it is explained by it, or by what is the same function."""
    claim = showing(mistake)
    judgement = Judge(FunctionProgram(implementation(mistakes=[mistake])), claim, 3, lambda line: None).judge()
    if Hypothesis(claim, (mistake,)) in judgement.fits:
        return True
    question = ask(claim, 99, 25, 4)
    true = answer(Hypothesis(claim, (mistake,)), question)
    return bool(judgement.fits) and not differs(true, answer(judgement.fits[0], question))


@pytest.mark.parametrize("mistake", FOUND[::9], ids=lambda mistake: mistake.name)
def test_a_program_with_the_mistake_is_found_out(mistake):
    assert is_named(mistake)


@pytest.mark.long
@pytest.mark.parametrize("mistake", FOUND, ids=lambda mistake: mistake.name)
def test_every_program_with_a_mistake_is_found_out(mistake):
    assert is_named(mistake)


def test_ties_have_a_verdict_of_their_own():
    ties = next(mistake for mistake in MISTAKES if mistake.name == TIES)
    claim = SABConfig.dev2018(**MODEL, k_top=3, k_trunc=4)
    judgement = Judge(FunctionProgram(implementation(mistakes=[ties])), claim, 3, lambda line: None).judge()
    assert (judgement.verdict, judgement.right) == ("ties", True)
    assert judgement.fits == [Hypothesis(claim, (ties,))]
    right = answer(Hypothesis(claim), with_ties(claim, 40, 3))
    assert differs(right, answer(Hypothesis(claim, (ties,)), with_ties(claim, 40, 3)))


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_each_can_be_built_and_is_explained(mistake):
    build([mistake])
    assert mistake.why.endswith(".")
    assert mistake.changes or mistake.replace or mistake.takes or mistake.gives


@pytest.mark.parametrize("mistake", MUTANTS, ids=lambda mistake: mistake.name)
def test_a_line_is_shown_with_its_equation(mistake):
    (place,) = changed_lines(mistake)
    assert place.tags
    assert place.ours != place.theirs


def test_names_and_sentences_are_distinct():
    assert len({mistake.name for mistake in MISTAKES}) == len(MISTAKES) > 115
    assert len({mistake.why for mistake in MISTAKES}) >= len(MISTAKES) - 1


@cache
def right_outputs() -> list[tuple[SABConfig, Question, Any]]:
    """For each claim a question, for softmax one with ties, for a memory that starts with h0 one with it; and y."""
    by_slots, from_h0 = SABConfig.self_attention(**{**MODEL, "k_top": 3}), SABConfig.dev2018(**MODEL, k_top=3)
    questions = [(claim, ask(claim, 1, 12, 3)) for claim in CLAIMS]
    questions += [(by_slots, with_ties(by_slots, 30, 2)), (from_h0, ask(from_h0, 1, 6, 3, states=True))]
    return [(claim, question, answer(Hypothesis(claim), question)["y"]) for claim, question in questions]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_kinds_are_true(mistake):
    """A mistake of the backward pass never changes outputs; one of the forward pass does somewhere."""
    changes = False
    for claim, question, y in right_outputs():
        run = run_forward(Hypothesis(claim, (mistake,)), question)
        changes |= run is not None and not np.allclose(y, run.outputs["y"])
    assert changes == mistake.takes_effect_forward


PORTS = [mistake for mistake in MISTAKES if mistake.kind == "forward" and not mistake.is_mutant]


@pytest.mark.parametrize("mistake", PORTS, ids=lambda mistake: mistake.name)
@pytest.mark.parametrize("preset", ["paper", "released"])
def test_what_ports_do_is_differentiated_right(preset, mistake):
    """Their authors use autograd: the gradient is that of their forward pass, by central differences."""
    config = SABConfig.preset(preset, **MODEL, k_top=2, k_att=2, margin=0.01, eps=0.5, memory_start="empty")
    question = ask(config, 5, 9, 3)
    hypothesis, rng, step = Hypothesis(config, (mistake,)), np.random.default_rng(0), 1e-6
    grads = answer(hypothesis, question)
    if not np.isfinite(grads["y"]).all():
        assert mistake.name == "no eps"
        return
    for name, value in question.params.items():
        direction = rng.standard_normal(value.shape)
        ends = [
            answer(hypothesis, question._replace(params={**question.params, name: value + sign * step * direction}))
            for sign in (1, -1)
        ]
        slope = ((ends[0]["y"] - ends[1]["y"]) * question.dy).sum() / (2 * step)
        assert abs(slope - (grads[f"grad.{name}"] * direction).sum()) <= 1e-5 * (1 + abs(slope))


def test_a_change_must_stand_exactly_once():
    with pytest.raises(ValueError, match="should stand exactly once, but stands 0 times"):
        build([Mistake("", "", "backward", (Change("step/lstm.py", "not there", ""),))])
