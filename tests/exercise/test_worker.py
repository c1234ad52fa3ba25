"""The reader's definitions replace the engine's own: every exercise's line decides about results, and in silence."""

import sys
from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load_file

from sabcore.engine import plain, results
from sabcore.exercise import worker
from sabcore.exercise.catalogue import EXERCISES
from sabcore.exercise.sheet import sheet
from sabcore.exercise.worker import CASES, case_results, inputs
from sabcore.validate.mistakes.build import source
from tests.exercise.test_sheet import blank_line, engine_line

LSTM = source("step/lstm.py")
WRONG = LSTM.replace("dz_g = dg * (1 - g**2)", "print('Right.'); dz_g = dg * (1 - g)")


def run(tmp_path, monkeypatch, file, text):
    """What the process writes for a reader's file."""
    (tmp_path / "sheet.py").write_text(text, encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["worker", file, str(tmp_path / "sheet.py"), str(tmp_path / "out")])
    monkeypatch.setattr(worker.os, "dup2", lambda silent, out: None)  # the test's own output is to stay
    worker.main()
    return load_file(tmp_path / "out")


def engines_own():
    return case_results(plain.forward, plain.backward)


def differing(found, right):
    """The cases in which some result is another one."""
    return {name.split(":")[0] for name in right if not np.array_equal(found[name], right[name])}


def test_the_engines_own_lines_give_the_engines_own_results(tmp_path, monkeypatch):
    found, right = run(tmp_path, monkeypatch, "step/lstm.py", LSTM), engines_own()
    assert found.keys() == right.keys()
    assert differing(found, right) == set()
    assert all(value.dtype == "float64" for value in found.values())


def test_every_case_is_computed_with_all_its_results():
    found = engines_own()
    assert {name.split(": ")[0] for name in found} == set(CASES)
    for i, (name, config) in enumerate(CASES.items()):
        params, x, dy, h0, c0 = inputs(config, i)
        want = results.results(config, params, x, dy, h0, c0, forward=plain.forward, backward=plain.backward)
        assert {key for key in found if key.startswith(f"{name}: ")} == {f"{name}: {key}" for key in want}
        np.testing.assert_array_equal(found[f"{name}: y"], want["y"])


def test_a_wrong_line_is_in_the_results(tmp_path, monkeypatch):
    found, right = run(tmp_path, monkeypatch, "step/lstm.py", WRONG), engines_own()
    assert differing(found, right) == set(CASES)  # a gate's gradient is in all of them
    assert all(np.array_equal(found[name], right[name]) for name in right if name.endswith(": y"))


#: For each of the engine's exercises a line that is a little wrong.
SPOILT = {
    2: ("f * (1 - f)", "f"), 3: ("dc_new * f", "dc_new * i"), 4: ("dc_new + dhhat", "dhhat"),
    5: ("outer_sum(dy, h)", "2 * outer_sum(dy, h)"), 6: ("e)", "2 * e)"), 7: ("1 - ", "2 - "),
    8: ("w[..., None]", "2 * w[..., None]"), 9: ("dw", "2 * dw"), 10: ("-=", "+="), 11: ("else d", "else 2 * d"),
    12: ("segment_offset", "segment_offset + 1"), 13: ("k_top + 1", "k_top + 2"),
}  # fmt: skip


@pytest.mark.parametrize("number", SPOILT)
def test_every_line_of_the_exercises_decides_in_more_than_one_case(number):
    exercise, (old, new) = EXERCISES[number - 1], SPOILT[number]
    line = engine_line(number)
    assert old in line
    text = sheet(number)
    found = worker._of_reader(exercise.file, text.replace(blank_line(text), line.replace(old, new, 1)))
    assert len(differing(found, engines_own())) > 1


def test_inputs_are_the_seeds_and_fit_the_case():
    config = replace(CASES["paper"], hidden_size=7)
    params, x, dy, h0, c0 = inputs(config, 3)
    assert (x.shape, dy.shape, h0.shape, c0.shape) == ((9, 2, 3), (9, 2, 4), (2, 7), (2, 7))
    assert params["W_hh"].shape == (28, 7)
    np.testing.assert_array_equal(x, inputs(config, 3)[1])
    assert (x != inputs(config, 4)[1]).any()
