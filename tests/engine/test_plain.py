"""The plain engine against oracles that share no code with it, on every branch of the spec."""

from typing import Any

import numpy as np
import pytest

from sabcore import SABConfig, backward, forward, init_params
from sabcore.compare.report import failures
from sabcore.compare.tensors import compare, compare_tensor
from sabcore.engine import attention
from sabcore.errors import ConfigError
from sabcore.reference import autograd, complex_step, differences
from tests.cases import CASES, SIZES, random_inputs
from tests.oracle import allowance, disagreements, engine_results


@pytest.fixture(params=CASES, ids=str, scope="module")
def run(request):
    config = request.param.config
    params, inputs = init_params(config, seed=1, dtype="float64"), random_inputs(config, seed=2)
    return config, params, inputs, engine_results(config, params, inputs)


def test_equals_autograd(run):
    config, params, inputs, got = run
    want = autograd.gradients(config.to_dict(), params, *inputs)
    assert set(got) == set(want) | {"s"}
    assert disagreements(got, want, (config, params, inputs), 1e-10) == []


def test_equals_complex_step(run):
    config, params, inputs, got = run
    want = complex_step.gradients(config.to_dict(), params, *inputs)
    assert disagreements(got, want, (config, params, inputs), 1e-12) == []


def test_equals_central_differences_within_their_own_error(run):
    config, params, inputs, got = run
    values, errors = differences.gradients(config.to_dict(), params, *inputs)
    rounding = allowance(config, params, inputs, 1e-12)
    for name, value in values.items():
        slack = rounding[name] * np.abs(value).max()
        assert (np.abs(got[name] - value) <= errors[name] + slack).all(), name


def test_complex_inputs_with_a_zero_imaginary_part_change_nothing(run):
    config, params, inputs, got = run
    complex_inputs = type(inputs)(*(value.astype("complex128") for value in inputs))
    found = engine_results(config, {name: value.astype("complex128") for name, value in params.items()}, complex_inputs)
    assert all((value.imag == 0).all() for value in found.values())
    real = {name: value.real for name, value in found.items()}
    assert disagreements(real, got, (config, params, inputs), 1e-13) == []


def test_backward_leaves_tape_parameters_and_cotangent_as_they_were(run):
    config, params, inputs, got = run
    before = {name: value.copy() for name, value in params.items()}, inputs.dy.copy()
    _, tape = forward(config, params, inputs.x, h0=inputs.h0, c0=inputs.c0, engine="plain")
    for _ in range(2):  # a tape may be used again
        grads = backward(config, params, tape, inputs.dy)
        for name, value in grads.items():
            np.testing.assert_array_equal(value, got[f"grad.{name}"], err_msg=name)
    for name, value in before[0].items():
        np.testing.assert_array_equal(params[name], value)
    np.testing.assert_array_equal(inputs.dy, before[1])


@pytest.mark.parametrize("case", [case for case in CASES if case.config.has_memory], ids=str)
def test_attention_weights_reproduce_the_summary(case):
    config = case.config
    params, inputs = init_params(config, seed=1, dtype="float64"), random_inputs(config, seed=2)
    _, tape = forward(config, params, inputs.x, h0=inputs.h0, c0=inputs.c0, engine="plain")
    M = np.concatenate((inputs.h0[None], tape.h))[config.first_slot :: config.k_att]
    s = np.einsum("tbn,nbh->tbh", attention(config, params, tape), M)
    assert tape.s.any() or config.k_top == 1
    assert compare_tensor("s", s, tape.s, 1e-12).passed


def test_float32_is_near_float64():
    config = SABConfig.paper(**SIZES, k_top=3, k_trunc=4)
    params, inputs = init_params(config, seed=1), random_inputs(config, seed=2, dtype="float32")
    got = engine_results(config, params, inputs)
    assert {value.dtype for value in got.values()} == {np.dtype("float32")}
    want = autograd.gradients(config.to_dict(), params, *inputs)
    allowed = {name: 1e-3 if name.startswith("grad.") else 2e-5 for name in want}
    assert failures(compare(got, want, allowed)) == []


@pytest.mark.parametrize("T", [1, 2])
@pytest.mark.parametrize("preset", ["paper", "dev2018", "released", "self_attention", "lstm"])
def test_shortest_sequences(preset, T):
    sizes = SIZES if preset in ("self_attention", "lstm") else {**SIZES, "k_top": 3}
    config = SABConfig.preset(preset, **sizes, k_att=2)
    params, inputs = init_params(config, seed=1, dtype="float64"), random_inputs(config, seed=2, T=T)
    want = autograd.gradients(config.to_dict(), params, *inputs)
    assert disagreements(engine_results(config, params, inputs), want, (config, params, inputs), 1e-10) == []


def kept_numbers(*arrays) -> int:
    """How many numbers these arrays keep alive: a view counts as all of what it is a view of."""
    whole = {id(base): base for base in (a if a.base is None else a.base for a in arrays if a is not None)}
    return sum(a.size for a in whole.values())


@pytest.mark.parametrize(("fields", "rows"), [({}, 4), ({"margin": -1e-7}, 4), ({"sparsifier": "softmax"}, 3)])
def test_attention_part_of_the_tape_does_not_grow_with_the_number_of_slots(fields, rows):
    config = SABConfig.paper(**SIZES, k_top=3, **fields)
    for T in (40, 80):
        inputs = random_inputs(config, seed=0, T=T)
        tape: Any = forward(config, init_params(config, dtype="float64"), inputs.x, engine="plain")[1].record
        kept = [kept_numbers(*cache) for cache in tape.recalls if cache]
        assert max(kept) == 2 * rows * inputs.x.shape[1]  # slots and scores


def test_full_attention_keeps_nothing_per_slot():
    config = SABConfig.self_attention(**SIZES)
    params, x = init_params(config, dtype="float64"), random_inputs(config, seed=0).x
    tape: Any = forward(config, params, x, engine="plain")[1].record
    assert all(a is None for cache in tape.recalls if cache for a in cache)


def test_an_unknown_engine_is_one_line():
    config = SABConfig.lstm(**SIZES)
    with pytest.raises(ConfigError, match="engine is 'fast', but should be one of auto, plain"):
        forward(config, init_params(config, dtype="float64"), random_inputs(config, seed=0).x, engine="fast")
