"""Loading and calling somebody's program, and noticing what it does besides answering."""

from __future__ import annotations

import random
import sys

import numpy as np
import pytest

from sabcore import SABConfig
from sabcore.errors import TargetError
from sabcore.validate.cases import ask
from sabcore.validate.target import call, load, takes_states

QUESTION = ask(SABConfig.lstm(input_size=3, hidden_size=4, output_size=5), 1, 4, 2)


@pytest.fixture(autouse=True)
def _same_imports(monkeypatch):
    """Loading a file puts its folder and its name in front."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_a_callable_of_a_file_beside_its_neighbours(tmp_path):
    (tmp_path / "a_neighbour_of_it.py").write_text("value = 7\n")
    (tmp_path / "a_port_of_it.py").write_text(
        "from a_neighbour_of_it import value\nclass Port:\n    @staticmethod\n    def run():\n        return value\n"
    )
    assert load(f"{tmp_path / 'a_port_of_it.py'}:Port.run")() == 7


@pytest.mark.parametrize(
    ("source", "name", "says"),
    [
        ("x = 1", "x", "has no callable x"),
        ("x = 1", "sab", "has no callable sab"),
        ("raise SystemExit(3)", "sab", "cannot be imported: SystemExit: 3"),
        ("def sab(:", "sab", "cannot be imported: SyntaxError"),
    ],
)
def test_what_cannot_be_loaded_is_said(tmp_path, source, name, says):
    (tmp_path / "broken_port.py").write_text(source)
    with pytest.raises(TargetError, match=says):
        load(f"{tmp_path / 'broken_port.py'}:{name}")


@pytest.mark.parametrize("target", ["port", ":sab", "port.py:"])
def test_a_target_has_two_parts(target):
    with pytest.raises(TargetError, match="should be module:callable or path"):
        load(target)


def test_initial_states_are_taken_by_name():
    assert takes_states(lambda config, params, x, dy, h0=None, c0=None: {})
    assert not takes_states(lambda config, params, x, dy, h0=None: {})
    assert not takes_states(lambda config, params, x, dy, **more: {})
    assert not takes_states(dict)


def test_the_inputs_are_its_own_and_writing_into_them_is_noticed():
    def writes(config, params, x, dy):
        x[0] = 0
        params["b"] = None
        params["d"] *= 2
        config["k_top"] = 9
        return {"y": dy}

    x, d = QUESTION.x.copy(), QUESTION.params["d"].copy()
    answer = call(writes, QUESTION)
    assert answer.wrote == ["x", "b", "d"]
    assert np.array_equal(QUESTION.x, x)
    assert np.array_equal(QUESTION.params["d"], d)
    assert QUESTION.config.k_top == 0


@pytest.mark.parametrize(
    ("library", "draw"),
    [("random", random.random), ("numpy", np.random.random)],
)
def test_a_changed_random_state_is_noticed(library, draw):
    def draws(config, params, x, dy):
        draw()
        return {"y": dy}

    assert call(draws, QUESTION).reseeded == [library]
    assert call(lambda config, params, x, dy: {"y": dy}, QUESTION).reseeded == []


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (np.ones(3), "it answers a ndarray, but should answer a mapping"),
        ({"y": np.array(["a"])}, "y is an array of <U1"),
        ({"y": np.ones(3, complex)}, "y is an array of complex128"),
    ],
)
def test_what_is_no_answer_is_said(found, says):
    with pytest.raises(TargetError, match=says):
        call(lambda config, params, x, dy: found, QUESTION)


def test_gradients_that_are_none_are_left_out():
    assert list(call(lambda config, params, x, dy: {"y": dy, "grad.b": None}, QUESTION).tensors) == ["y"]


@pytest.mark.parametrize(
    ("error", "kind"), [(MemoryError(), "memory"), (KeyboardInterrupt(), "ended"), (ValueError("a\nb"), "raised")]
)
def test_whatever_it_raises_is_one_error(error, kind):
    def raises(config, params, x, dy):
        raise error

    with pytest.raises(TargetError) as found:
        call(raises, QUESTION)
    assert found.value.kind == kind
    assert "\n" not in str(found.value)
