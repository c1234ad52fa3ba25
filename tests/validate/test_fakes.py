"""Every fake gets its own right verdict."""

from __future__ import annotations

import time

import pytest

from sabcore.validate import judge
from sabcore.validate.process import TargetProcess
from sabcore.validate.program import FunctionProgram
from sabcore.validate.verdict import validate
from tests.validate import fakes


@pytest.fixture(autouse=True)
def _short_searches(monkeypatch):
    """What no hypothesis explains would be searched for to the end."""
    monkeypatch.setattr(judge, "SEARCH_SECONDS", 0.3)


def judged(name, claim="paper", **fields):
    return validate(FunctionProgram(getattr(fakes, name)), name, claim, fields)


def in_process(name, time_limit=20.0, memory_limit=1 << 28):
    program = TargetProcess(f"tests.validate.fakes:{name}", time_limit, memory_limit)
    try:
        return validate(program, name, "paper")
    finally:
        program.close()


@pytest.mark.parametrize(
    ("name", "verdict", "code", "tensor", "why"),
    [
        ("zero", "unexplained", 1, "y", "yours is zero everywhere"),
        ("wrong_gradient", "unexplained", 1, "grad.W_hh", "5.0e-01 of its largest value"),
        ("by_chance", "wiring", 1, "y", "not repeatable"),
        ("half", "wiring", 1, "y", "float16, but should be float64"),
        ("batch_first", "wiring", 1, "y", "batch-first, and should be time-major"),
        ("transposed_gradient", "wiring", 1, "grad.W_hh", "it is the transpose"),
        ("no_outputs", "wiring", 1, "y", "but should hold y"),
        ("not_a_number", "unexplained", 1, "y", "not finite from step 5 on"),
        ("writes", "wiring", 1, "x", "writes into its input"),
        ("shares", "dependent", 1, "y", "departs by"),
    ],
)
def test_wrong_programs(name, verdict, code, tensor, why):
    found = judged(name)
    assert (found.verdict, found.exit) == (verdict, code)
    assert found.judgement.departs.tensor == tensor
    assert why in found.judgement.departs.why
    if name == "shares":
        assert found.judgement.independent is False
        assert {leak.tensor for leak in found.judgement.leaks} >= {"y", "grad.x"}
        assert found.judgement.leaks[0].step == 1


def test_state_kept_between_calls_is_told_from_chance():
    found = in_process("keeps_state")
    assert (found.verdict, found.exit) == ("wiring", 1)
    assert "kept between calls" in found.judgement.departs.why


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("raises", "it raises RuntimeError: size mismatch, m1: [3 x 4]"),
        ("leaves", "it ends the process: SystemExit"),
        ("dies", "it ends the process: exit code 3"),
        ("eats_memory", "it runs out of memory"),
        ("no_mapping", "it answers a ndarray, but should answer a mapping"),
        ("not_there", "has no callable not_there"),
    ],
)
def test_programs_that_cannot_be_run(name, says):
    found = in_process(name)
    assert (found.verdict, found.exit) == ("unusable", 2)
    assert says in found.error


def test_a_program_that_hangs_is_stopped():
    start = time.monotonic()
    found = in_process("hangs", time_limit=0.5)
    assert (found.verdict, found.exit) == ("unusable", 2)
    assert "no answer within 0.5 s" in found.error
    assert time.monotonic() - start < 20


def test_a_right_program_that_prints_is_right_and_it_is_said():
    found = in_process("prints")
    assert (found.verdict, found.exit) == ("right", 0)
    assert any("prints 100" in note for note in found.judgement.notes)


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("reseeds", "changes the global random state of random, numpy"),
        ("outputs_alone", "gives no gradient of W_ih, W_hh, b"),
        ("unknown_names", "does not know dW_hh"),
        ("single", "computes in float32"),
        ("one_input", "I=1, H=4, O=5, B=3"),
        ("one_sequence", "independence was not checked"),
    ],
)
def test_right_programs_with_something_to_be_said(name, note):
    found = judged(name)
    assert (found.verdict, found.exit) == ("right", 0), found.judgement.departs
    assert any(note in line for line in [*found.notes, *found.judgement.notes])
    assert found.judgement.dtype == ("float32" if name == "single" else "float64")


def test_a_program_of_the_other_score_is_found_out():
    found = judged("only_separable")
    assert (found.verdict, found.exit) == ("other", 1)
    assert "parameters of the separable score" in found.notes[0]
    assert judged("only_separable", claim="released").exit == 0
    assert judged("only_separable", claim=None).presets == ["released"]
