"""The checker: the right line is right, a named mistake is named, and nothing that a reader writes takes it down."""

import pytest

from sabcore.errors import FormatError
from sabcore.exercise.catalogue import EXERCISES
from sabcore.exercise.check import check
from sabcore.exercise.sheet import sheet
from sabcore.exercise.worker import CASES, inputs
from sabcore.reference.conditioning import conditioning
from sabcore.validate.mistakes import MUTANTS
from tests.exercise.test_sheet import NUMBERS, blank_line, engine_line

#: Exercises with a mutant of just their line, and that mutant.
NAMED = [
    (number, mutant)
    for number in NUMBERS
    for mutant in MUTANTS
    if len(mutant.changes) == 1
    and mutant.changes[0].file == EXERCISES[number - 1].file
    and mutant.changes[0].old in engine_line(number)
]


def answered(tmp_path, number, line):
    path = tmp_path / "answer.py"
    text = sheet(number)
    path.write_text(text.replace(blank_line(text), line), encoding="utf-8")
    return path


@pytest.mark.parametrize("number", NUMBERS)
def test_the_engines_own_line_is_right(tmp_path, number):
    verdict = check(number, answered(tmp_path, number, engine_line(number)))
    assert verdict.right
    assert verdict.text == EXERCISES[number - 1].answer


def test_enough_mistakes_are_named():
    assert len({number for number, _ in NAMED}) >= 6


@pytest.mark.parametrize(
    ("number", "mutant"),
    [pytest.param(n, m, marks=[] if i % 4 == 0 else pytest.mark.long) for i, (n, m) in enumerate(NAMED)],
    ids=lambda value: getattr(value, "name", value),
)
def test_a_named_mistake_is_named(tmp_path, number, mutant):
    (change,) = mutant.changes
    verdict = check(number, answered(tmp_path, number, engine_line(number).replace(change.old, change.new)))
    assert not verdict.right
    assert mutant.name in verdict.text
    assert mutant.why in verdict.text


def test_any_other_mistake_is_shown_where_it_first_differs(tmp_path):
    verdict = check(1, answered(tmp_path, 1, "    dz_g = dg * (1 - g**2) * 1.001"))
    assert not verdict.right
    assert "It first differs in paper: grad." in verdict.text
    assert "but should be" in verdict.text


def test_the_first_case_is_told_first(tmp_path):
    verdict = check(8, answered(tmp_path, 8, engine_line(8).replace("w[..., None]", "2 * w[..., None]")))
    assert "It first differs in paper: grad." in verdict.text


@pytest.mark.parametrize("name", CASES)
def test_no_case_comes_near_a_tie(name):
    config = CASES[name]
    params, x, _, h0, c0 = inputs(config, list(CASES).index(name))
    assert conditioning(config.to_dict(), params, x, h0, c0).gap > 1e-6


def test_nan_is_not_right(tmp_path):
    assert not check(1, answered(tmp_path, 1, "    dz_g = dg * (1 - g**2) * float('nan')")).right


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("    dz_g = ...  # L.3*", "still has a blank"),
        ("    dz_g = dg * (1 - ", "fails: SyntaxError"),
        ("    dz_g = dg @ nothing", "fails: NameError: name 'nothing' is not defined"),
        ("    dz_g = __import__('sys').exit(0)", "fails: it ends without a result"),
        ("    dz_g = __import__('os')._exit(7)", "fails: it ends without a result"),
        ("    dz_g = 1 / 0", "fails: ZeroDivisionError"),
        ("    raise RuntimeError('\\x1b[31mred')", r"fails: RuntimeError: \\x1b\[31mred"),
    ],
)
def test_what_does_not_run_is_one_line(tmp_path, line, says):
    with pytest.raises(FormatError, match=says) as caught:
        check(1, answered(tmp_path, 1, line))
    assert str(caught.value).isprintable()


def test_what_does_not_end_is_stopped(tmp_path):
    with pytest.raises(FormatError, match="does not come to an end within 5 s"):
        check(1, answered(tmp_path, 1, "    while True: pass"), time_limit=5)


def test_printing_is_harmless(tmp_path):
    assert check(1, answered(tmp_path, 1, "    print('Right.'); dz_g = dg * (1 - g**2)")).right


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"x = 1\n" * 20_000])
def test_files_that_are_no_answer(tmp_path, content):
    path = tmp_path / "answer.py"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FormatError, match=r"is not there|cannot be read|characters long"):
        check(1, path)


def test_an_empty_file_changes_nothing_and_is_not_taken_for_right(tmp_path):
    """The engine's own line would stay in place: the answer has to define what the exercise asks for."""
    (tmp_path / "answer.py").write_text("")
    with pytest.raises(FormatError, match="should define LSTMCache, sigmoid, lstm_step, lstm_step_backward"):
        check(1, tmp_path / "answer.py")
