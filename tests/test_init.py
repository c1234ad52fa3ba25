"""Every public door: what is no array, no config, no number gets one line of this project's own."""

import inspect
from typing import Any

import numpy as np
import pytest

import sabcore
from sabcore import (
    SABConfig,
    backward,
    forward,
    from_dlpack,
    init_params,
    load_params,
    lstm_from_torch,
    param_shapes,
    save_params,
    topk,
)
from sabcore.engine import attention
from sabcore.errors import DTypeError, SABError
from sabcore.train import loss, optim
from tests.cases import SIZES, random_inputs

CONFIG = SABConfig.paper(**SIZES, k_top=2)
PARAMS, INPUTS = init_params(CONFIG, dtype="float64"), random_inputs(CONFIG, seed=0)
Y, TAPE = forward(CONFIG, PARAMS, INPUTS.x, engine="plain")
TARGET = np.zeros(Y.shape[:2], int)
ADAM, SGD = optim.Adam(), optim.SGD(0.1)
STATE = {"adam": ADAM.init(PARAMS), "sgd": SGD.init(PARAMS)}

#: Each door, with good arguments by name.
DOORS: dict[str, tuple[Any, dict[str, Any]]] = {
    "forward": (forward, {"config": CONFIG, "params": PARAMS, "x": INPUTS.x, "h0": INPUTS.h0, "engine": "plain"}),
    "backward": (backward, {"config": CONFIG, "params": PARAMS, "tape": TAPE, "dy": INPUTS.dy}),
    "attention": (attention, {"config": CONFIG, "params": PARAMS, "tape": TAPE}),
    "init_params": (init_params, {"config": CONFIG, "seed": 0, "dtype": "float32"}),
    "param_shapes": (param_shapes, {"config": CONFIG}),
    "topk": (topk, {"a": np.ones(3), "k": 2}),
    "from_dlpack": (from_dlpack, {"tensor": np.ones(2)}),
    "lstm_from_torch": (lstm_from_torch, {"state": {"weight_ih": np.ones((4, 1)), "weight_hh": np.ones((4, 1))}}),
    "from_dict": (SABConfig.from_dict, {"fields": CONFIG.to_dict()}),
    "cross entropy": (loss.softmax_cross_entropy, {"y": Y, "target": TARGET, "weight": np.ones(Y.shape[:2])}),
    "squared error": (loss.mean_squared_error, {"y": Y, "target": Y, "weight": np.ones(Y.shape[:2])}),
    "Adam": (optim.Adam, {"learning_rate": 0.1, "beta1": 0.9, "beta2": 0.9, "eps": 1e-8}),
    "SGD": (optim.SGD, {"learning_rate": 0.1, "momentum": 0.5}),
    "Adam.init": (ADAM.init, {"params": PARAMS}),
    "SGD.init": (SGD.init, {"params": PARAMS}),
    "Adam.update": (ADAM.update, {"params": PARAMS, "grads": PARAMS, "state": STATE["adam"]}),
    "SGD.update": (SGD.update, {"params": PARAMS, "grads": PARAMS, "state": STATE["sgd"]}),
    "clip": (optim.clip_by_global_norm, {"grads": PARAMS, "max_norm": 1.0}),
}
#: What nobody means. A door may take one of these where it says so.
NONSENSE = {"None": None, "object": object(), "text": "foo", "list": [1.0], "negative": -1, "array": np.array(["a"])}
TAKEN = {("forward", "h0", "None"), ("cross entropy", "weight", "None"), ("squared error", "weight", "None"),
         ("from_dlpack", "tensor", "array")}  # fmt: skip


@pytest.mark.parametrize("door", DOORS)
def test_a_door_lets_good_arguments_pass_and_names_bad_ones(door):
    call, good = DOORS[door]
    call(**good)
    for name in good:
        for kind, bad in NONSENSE.items():
            if (door, name, kind) in TAKEN:
                continue
            with pytest.raises(SABError) as caught:
                call(**{**good, name: bad})
            assert "\n" not in str(caught.value), (name, kind)
            assert len(str(caught.value)) > 20, (name, kind)


@pytest.mark.parametrize("bad", [object(), -1, 1.5, "foo", True])
def test_every_field_of_a_config_names_what_is_wrong(bad):
    for name, field in CONFIG.to_dict().items():
        fits = isinstance(bad, bool) and isinstance(field, bool)
        real = name in ("margin", "eps", "temperature") and isinstance(bad, int | float) and not isinstance(bad, bool)
        if fits or (real and (bad > 0 or name == "margin")):
            continue
        with pytest.raises(SABError, match=f"^{name} is "):
            SABConfig.from_dict({**CONFIG.to_dict(), name: bad})


def test_files_of_models(tmp_path):
    cases: Any = ((None, PARAMS), (CONFIG, None), (CONFIG, {}), (CONFIG.to_dict(), PARAMS))
    for config, params in cases:
        with pytest.raises(SABError):
            save_params(tmp_path / "a", config, params)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(SABError):
        load_params(tmp_path)


def test_no_door_is_left_out():
    tested = {call for call, _ in DOORS.values()} | {save_params, load_params}
    functions = {name for name in sabcore.__all__ if inspect.isfunction(getattr(sabcore, name))}
    assert {name for name in functions if getattr(sabcore, name) not in tested} == set()


class Units(np.ndarray):
    """Some library's subclass."""


SUBCLASSES: dict[str, Any] = {
    "masked": np.ma.masked_array,
    "subclass": lambda a: a.view(Units),
    "recarray": lambda a: a.view(np.recarray),
}


@pytest.mark.parametrize("kind", SUBCLASSES)
@pytest.mark.parametrize("engine", ["plain", "cpu"])
def test_subclasses_of_arrays_are_refused_by_every_engine_alike(engine, kind):
    """NaN under a mask would pass for finite; other subclasses have a product or a shape of their own."""
    turn = SUBCLASSES[kind]
    for name in ("x", "h0", "c0", "W_m", "b"):
        given: dict[str, Any] = {"x": INPUTS.x, "h0": INPUTS.h0, "c0": INPUTS.c0}
        params = PARAMS if name in given else {**PARAMS, name: turn(PARAMS[name])}
        if name in given:
            given[name] = turn(given[name])
        with pytest.raises(DTypeError, match=f"^{name} is a .*, but should be a plain NumPy array"):
            forward(CONFIG, params, given.pop("x"), **given, engine=engine)
    with pytest.raises(DTypeError, match=r"^dy is a "):
        backward(CONFIG, PARAMS, TAPE, turn(INPUTS.dy))
    with pytest.raises(DTypeError, match=r"^a is a "):
        topk(turn(np.ones(3)), 1)


def test_a_matrix_and_a_memory_map_are_refused_and_a_view_of_them_is_not(tmp_path):
    mapped = np.memmap(tmp_path / "x", dtype="float64", mode="w+", shape=INPUTS.x.shape)
    mapped[:] = INPUTS.x
    cases: list[dict[str, Any]] = [{"x": mapped}, {"h0": INPUTS.h0.view(np.matrix)}]
    for bad in cases:
        with pytest.raises(DTypeError, match=r"but should be a plain NumPy array, as np\.asarray makes one"):
            forward(CONFIG, PARAMS, **{"x": INPUTS.x, **bad}, engine="plain")
    assert (forward(CONFIG, PARAMS, np.asarray(mapped), engine="plain")[0] == Y).all()
