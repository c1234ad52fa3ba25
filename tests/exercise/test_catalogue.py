"""Each exercise points at one line of the package, asks about it, and gives the reader what that line is made of."""

import ast

import pytest

from sabcore.exercise.catalogue import EXERCISES
from sabcore.validate.mistakes.build import source


def defined(exercise):
    """The functions and classes of the exercise's file, by name."""
    body = ast.parse(source(exercise.file)).body
    return {node.name: node for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)}


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.title)
def test_its_line_stands_once_inside_what_the_reader_gets(exercise):
    lines = source(exercise.file).splitlines()
    (at,) = [number for number, line in enumerate(lines, start=1) if line.endswith(exercise.line)]
    assert set(exercise.names) <= set(defined(exercise))
    spans = [(node.lineno, node.end_lineno) for name, node in defined(exercise).items() if name in exercise.names]
    assert any(first < at <= last for first, last in spans)


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.title)
def test_it_asks_and_the_answer_is_not_in_the_question(exercise):
    assert "?" in exercise.title + exercise.question or exercise.question.startswith("Write")
    assert exercise.answer.endswith(".")
    assert exercise.answer not in exercise.question


def test_no_line_is_asked_for_twice():
    assert len({(exercise.file, exercise.line) for exercise in EXERCISES}) == len(EXERCISES)
    assert len({exercise.title for exercise in EXERCISES}) == len(EXERCISES)
