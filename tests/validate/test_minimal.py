"""A script for the shortest run that shows a difference."""

from __future__ import annotations

import ast
from typing import Any

from sabcore import SABConfig
from sabcore.validate.minimal import script
from sabcore.validate.program import FunctionProgram
from tests.validate.programs import implementation

CLAIM = SABConfig.paper(input_size=3, hidden_size=4, output_size=5, k_top=3, k_trunc=4)


def of(program: Any, T: int = 9, B: int = 3) -> str:
    return script(FunctionProgram(program), "port.py:it's", CLAIM, T, B)


def test_it_is_a_program_of_ten_lines():
    found = of(implementation({"k_trunc": None}))
    ast.parse(found)
    assert len(found.splitlines()) == 10
    assert repr("port.py:it's") in found


def test_a_missing_cut_shows_at_the_first_step_after_it():
    assert "T=5, B=1" in of(implementation({"k_trunc": None}))


def test_what_one_sequence_hides_takes_two():
    right = implementation()

    def shares(config, params, x, dy):
        return right(config, params, x - 0.1 * x.mean(axis=1, keepdims=True) * (x.shape[1] > 1), dy)

    assert "T=1, B=2" in of(shares)


def test_where_nothing_differs_the_whole_run_is_shown():
    assert "T=9, B=3" in of(implementation())


def test_where_short_runs_are_refused_the_first_that_is_not():
    right = implementation({"k_trunc": None})

    def long_ones(config, params, x, dy):
        if len(x) < 7:
            raise ValueError("too short")
        return right(config, params, x, dy)

    assert "T=7, B=1" in of(long_ones)
