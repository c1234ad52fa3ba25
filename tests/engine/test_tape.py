"""A tape belongs to one forward pass: another model is refused, and copies of a tape are tapes."""

import copy
import dataclasses
import gc
import pickle

import numpy as np
import pytest

from sabcore import SABConfig, backward, forward, init_params
from sabcore.engine import attention
from sabcore.errors import DTypeError, SABError, TapeError
from tests.cases import SIZES, B, T, random_inputs

CONFIG = SABConfig.paper(**SIZES, k_top=2, k_trunc=3)
PARAMS, INPUTS = init_params(CONFIG, dtype="float64"), random_inputs(CONFIG, seed=0)
ENGINES = ("plain", "cpu")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"score_grad": False}, "score_grad True, not False"),
        ({"k_trunc": None}, "k_trunc 3, not None"),
        ({"k_top": 3, "margin": 0.5}, "k_top 2, not 3; margin 0.0, not 0.5"),
        ({"k_att": 2}, "k_att 1, not 2"),
        ({"memory_start": "zero_state"}, "memory_start 'empty', not 'zero_state'"),
        ({"hidden_size": 6}, "hidden_size 5, not 6"),
        ({"attention_size": 5}, "attention_size 6, not 5"),
        ({"score": "separable"}, "score 'additive', not 'separable'"),
    ],
)
def test_the_tape_of_another_config_is_refused(engine, fields, says):
    other = dataclasses.replace(CONFIG, **fields)
    _, tape = forward(CONFIG, PARAMS, INPUTS.x, engine=engine)
    params = init_params(other, dtype="float64")
    with pytest.raises(TapeError, match=says) as caught:
        backward(other, params, tape, INPUTS.dy)
    assert "\n" not in str(caught.value)
    with pytest.raises(TapeError, match=says):
        attention(other, params, tape)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", PARAMS)
def test_parameters_that_have_changed_are_refused(engine, name):
    params = {key: value.copy() for key, value in PARAMS.items()}
    _, tape = forward(CONFIG, params, INPUTS.x, engine=engine)
    params[name].flat[-1] = np.nextafter(params[name].flat[-1], 1)
    for use in (lambda: backward(CONFIG, params, tape, INPUTS.dy), lambda: attention(CONFIG, params, tape)):
        with pytest.raises(TapeError, match=f"^{name} has changed since the forward pass"):
            use()
    params[name].flat[-1] = np.nan
    with pytest.raises(SABError, match=name):
        backward(CONFIG, params, tape, INPUTS.dy)
    params[name] = PARAMS[name]
    backward(CONFIG, params, tape, INPUTS.dy)


@pytest.mark.parametrize("given", [None, {}, "tape"])
def test_what_is_no_tape_is_refused(given):
    for use in (lambda: backward(CONFIG, PARAMS, given, INPUTS.dy), lambda: attention(CONFIG, PARAMS, given)):
        with pytest.raises(DTypeError, match=f"tape is a {type(given).__name__}, but should be the tape that forward"):
            use()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda tape: pickle.loads(pickle.dumps(tape))])
@pytest.mark.parametrize("outer", [True, False], ids=["tape", "record"])
def test_a_copy_outlives_its_tape(engine, duplicate, outer):
    """With the original gone, a forward pass of the same sizes must not write into what the copy holds."""
    _, tape = forward(CONFIG, PARAMS, INPUTS.x, engine=engine)
    want = backward(CONFIG, PARAMS, tape, INPUTS.dy)
    again = duplicate(tape) if outer else dataclasses.replace(tape, record=duplicate(tape.record))
    del tape
    gc.collect()
    others = [forward(CONFIG, PARAMS, random_inputs(CONFIG, seed).x, engine=engine) for seed in (1, 2)]
    for name, value in backward(CONFIG, PARAMS, again, INPUTS.dy).items():
        np.testing.assert_array_equal(value, want[name], err_msg=name)
    assert others[0][1].h.shape == (T, B, CONFIG.hidden_size)
