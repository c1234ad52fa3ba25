"""One configuration, one program: what is asked, what is blamed first, and the word for it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sabcore import SABConfig
from sabcore.errors import TargetError
from sabcore.validate import judge as module
from sabcore.validate.forward_search import Ranked
from sabcore.validate.judge import Judge, Judgement
from sabcore.validate.mistakes import MISTAKES
from sabcore.validate.ours import Hypothesis
from sabcore.validate.program import FunctionProgram
from sabcore.validate.question import Answer, Question
from tests.validate.programs import implementation, implementation_with_states

CLAIM = SABConfig.paper(input_size=3, hidden_size=4, output_size=5, k_top=2, k_trunc=3)
T, B = 8, 2
right = implementation()
BY_KIND = {
    kind: next(mistake for mistake in MISTAKES if mistake.kind == kind) for kind in ("mapping", "forward", "backward")
}


class Program(FunctionProgram):
    """A program that remembers what it was asked."""

    def __init__(self, implementation: Any) -> None:
        super().__init__(implementation)
        self.asked: list[Question] = []

    def ask(self, question: Question) -> Answer:
        self.asked.append(question)
        return super().ask(question)


def judged(implementation: Any, claim: SABConfig = CLAIM) -> tuple[Judgement, Program]:
    program = Program(implementation)
    return Judge(program, claim, B, lambda line: None, T).judge(), program


@pytest.fixture
def no_search(monkeypatch):
    """What a departure is does not depend on what explains it."""
    monkeypatch.setattr(module, "SEARCH_SECONDS", -1e9)


def changed(change: Any) -> Any:
    """A right program, but for what `change` makes of its answer, told the length of the question."""

    def program(config, params, x, dy):
        answer = right(config, params, x, dy)
        return answer | change(answer, len(x))

    return program


def test_a_right_program_is_right_in_every_case():
    """In memories that stay short and that are long, with small scores, and with scores that are equal."""
    found, program = judged(right)
    assert (found.verdict, found.right, found.independent) == ("right", True, True)
    assert (found.fits, found.departs, found.asked) == ([Hypothesis(CLAIM)], None, (T, B))
    assert [len(case.question.x) for case in found.cases] == [8, 4, 13, 8]
    assert {tensor.name for tensor in found.tensors} == {
        "y",
        *(f"grad.{name}" for name in (*program.asked[0].params, "x")),
    }
    assert all(tensor.passed and tensor.error < 1e-12 for tensor in found.tensors)
    sizes = [np.abs(case.question.params["w_a"]).max() for case in found.cases]
    assert sizes[3] < 1e-4 * min(sizes[:3])
    assert {len(question.x) for question in program.asked} == {4, 8, 13, 40}


@pytest.mark.parametrize("takes", [False, True])
def test_initial_states_are_given_to_a_program_that_takes_them(takes):
    found, program = judged(implementation_with_states() if takes else right)
    assert any(question.h0 is not None for question in program.asked) is takes
    assert ("grad.h0" in {tensor.name for tensor in found.tensors}) is takes


def test_what_is_no_answer_stops_the_blame(no_search):
    found, program = judged(changed(lambda answer, T: {"grad.b": answer["grad.b"][:3], "grad.d": answer["grad.d"][:2]}))
    assert (found.verdict, found.cases, found.tensors, len(program.asked)) == ("wiring", [], [], 1)
    assert found.departs is not None
    assert found.departs.tensor == "grad.b"
    assert "grad.b: yours has shape (3,)" in found.departs.why
    assert "grad.d: yours has shape (2,)" in found.departs.why


def test_outputs_that_depart_are_blamed_before_gradients_of_an_earlier_case(no_search):
    """The gradients are wrong in every case, y only in the longest."""
    found, _ = judged(
        changed(lambda answer, T: {"grad.b": 2 * answer["grad.b"]} | ({"y": answer["y"] + 1} if T == 13 else {}))
    )
    assert found.departs is not None
    assert found.worst is not None
    assert (found.departs.tensor, found.departs.step, len(found.worst.question.x)) == ("y", 1, 13)


def test_of_several_departures_the_first_cases_is_told(no_search):
    found, _ = judged(changed(lambda answer, T: {} if T == 8 else {"y": answer["y"] + 1}))
    assert found.worst is not None
    assert len(found.worst.question.x) == 4


def test_a_tensors_error_is_the_worst_of_all_cases(no_search):
    found, _ = judged(changed(lambda answer, T: {"grad.b": answer["grad.b"] * {4: 1.5, 8: 1.0, 13: 1.25}[T]}))
    errors = {tensor.name: tensor for tensor in found.tensors}
    assert errors["grad.b"].error == pytest.approx(0.5)
    assert {name for name, tensor in errors.items() if not tensor.passed} == {"grad.b"}


def test_what_it_does_not_answer_besides_the_main_question_is_a_note():
    def short(config, params, x, dy):
        if len(x) > 8:
            raise ValueError("eight steps at most")
        return right(config, params, x, dy)

    found, _ = judged(short)
    assert found.verdict == "right"
    assert found.notes == [
        "not asked for 13 steps: it raises ValueError: eight steps at most",
        "equal scores were not checked: it raises ValueError: eight steps at most",
    ]


def test_what_cannot_be_asked_at_all_is_an_error():
    def raises(config, params, x, dy):
        raise ValueError("no")

    with pytest.raises(TargetError, match="it raises ValueError: no"):
        judged(raises)


def test_a_shape_that_is_wrong_only_in_a_later_case_is_a_note():
    found, _ = judged(changed(lambda answer, T: {"y": answer["y"][:8]}))
    assert any(note.startswith("not asked for 13 steps: y: yours has shape (8, 2, 5)") for note in found.notes)


def test_one_that_gives_outputs_alone_is_searched_for_outputs_alone():
    found, _ = judged(implementation({"k_att": 2}, after=lambda answer: {"y": answer["y"]}))
    assert (found.verdict, found.fits[0].config.k_att) == ("other", 2)
    assert [note for note in found.notes if "gives no gradient of W_ih, W_hh" in note]


def test_gradients_that_nothing_explains_leave_what_the_outputs_are(monkeypatch):
    monkeypatch.setattr(module, "search_backward", lambda fits, cases, deadline: Ranked(deadline))
    found, _ = judged(implementation({"k_att": 2}, after=lambda answer: answer | {"grad.b": np.ones(16)}))
    assert (found.verdict, found.fits) == ("unexplained", [])
    assert any(note.startswith("its outputs are those of ") and "k_att = 2" in note for note in found.notes)


def test_dependence_is_the_verdict_even_where_every_case_is_right(no_search):
    """The first sequence hears of the last one when that is changed, and of nothing that the cases hold."""
    first: list[Any] = []

    def leaks(config, params, x, dy):
        first.append(x)
        answer = right(config, params, x, dy)
        exchanged = x.shape == first[0].shape and (x[:, 0] == first[0][:, 0]).all() and (x != first[0]).any()
        return answer | ({"y": answer["y"] + 0.1} if exchanged else {})

    found, _ = judged(leaks)
    assert (found.departs, found.independent, found.verdict, found.right) == (None, False, "dependent", False)
    assert [leak.tensor for leak in found.leaks] == ["y"]


@pytest.mark.parametrize(
    ("independent", "mistakes", "word"),
    [
        (True, (), "other"),
        (None, (), "other"),
        (True, ("backward",), "mistaken"),
        (True, ("forward",), "mistaken"),
        (True, ("forward", "mapping"), "mapping"),
        (True, None, "unexplained"),
        (False, None, "dependent"),
        (False, ("forward",), "dependent"),
    ],
)
def test_the_word_for_what_was_found(independent, mistakes, word):
    fits = [] if mistakes is None else [Hypothesis(CLAIM, tuple(BY_KIND[kind] for kind in mistakes))]
    assert module._verdict(Judgement(CLAIM, independent=independent, fits=fits)) == word


@pytest.mark.parametrize(
    "word", ["ties", "right", "other", "mistaken", "mapping", "dependent", "unexplained", "wiring"]
)
def test_only_two_words_are_right(word):
    assert Judgement(CLAIM, word).right == (word in ("right", "ties"))
