"""What comes in at the public doors: every kind of wrong argument gets one line that names it."""

from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest

from sabcore import SABConfig, backward, forward, init_params
from sabcore.engine import ENGINES, Engine
from sabcore.errors import ConfigError, DTypeError, NonFiniteError, ShapeError
from tests.cases import SIZES, B, T, random_inputs

CONFIG = SABConfig.paper(**SIZES, k_top=2)
PARAMS, INPUTS = init_params(CONFIG, dtype="float64"), random_inputs(CONFIG, seed=0)


def changed(name, value):
    return {**PARAMS, name: value}


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"x": np.zeros((0, B, 3))}, ShapeError, r"x has shape \(0, 2, 3\), but should have \(T, B, 3\)"),
        ({"x": np.zeros((T, 0, 3))}, ShapeError, "every size at least 1"),
        ({"x": np.zeros((T, B, 4))}, ShapeError, r"x has shape \(11, 2, 4\)"),
        ({"x": np.zeros((T, 3))}, ShapeError, r"x has shape \(11, 3\)"),
        ({"x": np.full((T, B, 3), np.nan)}, NonFiniteError, "x holds NaN or infinite values"),
        ({"x": np.full((T, B, 3), np.inf)}, NonFiniteError, "x holds NaN or infinite values"),
        ({"x": np.zeros((T, B, 3), int)}, DTypeError, "x has dtype int64"),
        ({"x": np.zeros((T, B, 3), "float16")}, DTypeError, "x has dtype float16"),
        ({"x": [[[0.0]]]}, DTypeError, "x is a list, but should be a NumPy or CuPy array"),
        ({"h0": np.zeros((B, 4))}, ShapeError, r"h0 has shape \(2, 4\), but should have \(2, 5\)"),
        ({"c0": np.zeros((B, 5), "float32")}, DTypeError, "c0 has dtype float32, but should have float64"),
        ({"c0": np.full((B, 5), -np.inf)}, NonFiniteError, "c0 holds"),
        ({"params": {"W_ih": PARAMS["W_ih"]}}, ShapeError, "the parameters lack W_hh, b"),
        ({"params": changed("V_z", PARAMS["d"])}, ShapeError, "the parameters hold V_z"),
        ({"params": changed("W_m", PARAMS["W_m"].T)}, ShapeError, r"W_m has shape \(5, 6\)"),
        ({"params": changed("b", PARAMS["b"].astype("float32"))}, DTypeError, "b has dtype float32"),
        ({"params": changed("d", PARAMS["d"] + np.inf)}, NonFiniteError, "d holds NaN"),
    ],
)  # fmt: skip
def test_forward_names_what_is_wrong(arguments, error, says):
    given = {"params": PARAMS, "x": INPUTS.x} | arguments
    with pytest.raises(error, match=says) as caught:
        forward(CONFIG, given.pop("params"), given.pop("x"), **given)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, TypeError if error is DTypeError else ValueError)


@pytest.mark.parametrize(
    ("dy", "error", "says"),
    [
        (INPUTS.dy[1:], ShapeError, r"dy has shape \(10, 2, 4\), but should have \(11, 2, 4\)"),
        (INPUTS.dy * np.nan, NonFiniteError, "dy holds NaN"),
        (INPUTS.dy.astype("float32"), DTypeError, "dy has dtype float32"),
    ],
)
def test_backward_names_what_is_wrong(dy, error, says):
    _, tape = forward(CONFIG, PARAMS, INPUTS.x)
    with pytest.raises(error, match=says):
        backward(CONFIG, PARAMS, tape, dy)


def test_backward_wants_a_tape():
    with pytest.raises(DTypeError, match="tape is a dict"):
        backward(CONFIG, PARAMS, {}, INPUTS.dy)  # type: ignore[arg-type]


@pytest.mark.parametrize(("engine", "dtype"), [("cpu", "complex128"), ("cuda", "float64")])
def test_an_engine_refuses_arrays_that_it_cannot_take(engine, dtype):
    params = {name: value.astype(dtype) for name, value in PARAMS.items()}
    with pytest.raises(DTypeError, match=f"engine '{engine}' takes .* arrays .* but x is numpy {dtype}"):
        forward(CONFIG, params, INPUTS.x.astype(dtype), engine=engine)


@pytest.mark.parametrize(("dtype", "engine"), [("float32", "cpu"), ("float64", "cpu"), ("complex128", "plain")])
def test_the_fastest_engine_is_chosen(dtype, engine):
    params = {name: value.astype(dtype) for name, value in PARAMS.items()}
    assert forward(CONFIG, params, INPUTS.x.astype(dtype))[1].engine == engine


@pytest.mark.parametrize(("takes", "dtype", "refused"), [
    ("numpy", "float64", False),
    ("numpy", "complex128", True),
    ("cupy", "float64", True),
    (None, "complex128", False),
])  # fmt: skip
def test_an_engine_that_is_added_is_found_by_its_one_entry(monkeypatch, takes, dtype, refused):
    monkeypatch.setitem(ENGINES, "added", Engine("sabcore.engine.plain", takes))
    params = {name: value.astype(dtype) for name, value in PARAMS.items()}
    if refused:
        with pytest.raises(DTypeError, match=f"engine 'added' takes {takes} arrays .* but x is numpy {dtype}"):
            forward(CONFIG, params, INPUTS.x.astype(dtype), engine="added")
    else:
        assert forward(CONFIG, params, INPUTS.x.astype(dtype), engine="added")[1].engine == "plain"


@pytest.mark.parametrize("engine", ["plain", "cpu"])
def test_one_tape_gives_the_gradient_with_and_without_the_scores_path(engine):
    detached = replace(CONFIG, score_grad=False)
    _, tape = forward(CONFIG, PARAMS, INPUTS.x, engine=engine)
    _, detached_tape = forward(detached, PARAMS, INPUTS.x, engine=engine)
    want = backward(detached, PARAMS, detached_tape, INPUTS.dy)
    full = backward(CONFIG, PARAMS, tape, INPUTS.dy)
    cut = backward(CONFIG, PARAMS, tape, INPUTS.dy, score_grad=False)
    assert all((cut[name] == want[name]).all() for name in want)
    assert (full["W_hh"] != cut["W_hh"]).all()
    assert all((backward(CONFIG, PARAMS, tape, INPUTS.dy)[name] == full[name]).all() for name in full)


def test_recomputing_gives_the_same_bits_from_a_smaller_tape():
    inputs = random_inputs(CONFIG, seed=0, T=900)
    y, tape = forward(CONFIG, PARAMS, inputs.x, engine="cpu")
    again, lean = forward(CONFIG, PARAMS, inputs.x, engine="cpu", recompute=True)
    kept, fewer = (sum(a.nbytes for a in record.buffers) for record in cast(Any, (tape.record, lean.record)))
    assert fewer < 0.75 * kept
    assert (again == y).all()
    want = backward(CONFIG, PARAMS, tape, inputs.dy)
    for name, value in backward(CONFIG, PARAMS, lean, inputs.dy).items():
        np.testing.assert_array_equal(value, want[name], err_msg=name)
    with pytest.raises(ConfigError, match="recompute is true, but the plain engine"):
        forward(CONFIG, PARAMS, INPUTS.x, engine="plain", recompute=True)
