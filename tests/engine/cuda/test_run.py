"""The kernels, compiled by g++, against the plain engine: tolerances are what one ulp in the inputs does, measured."""

from __future__ import annotations

import numpy as np
import pytest

from sabcore import PRESETS, SABConfig
from sabcore.engine import plain
from sabcore.engine.cuda import run
from sabcore.model.config import left_to_caller
from tests.cases import CASES, SIZES
from tests.engine.cuda.agreement import Model, disagreements, random_model, results


def preset(name: str, **fields: object) -> SABConfig:
    return SABConfig.preset(name, **{**SIZES, **dict.fromkeys(left_to_caller(name), 3), **fields})


def assert_agrees(model: Model) -> None:
    found = results(run, model)
    assert {str(value.dtype) for value in found.values()} == {str(model.inputs.x.dtype)}
    assert disagreements(model, found) == []


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_case_equals_the_plain_engine(emulation, case, dtype):
    assert_agrees(random_model(case.config, dtype))
    assert [name for name, *_ in emulation.launches] == ["forward", "backward"]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("scale", [1e-6, 1e-4, 1e-2, 0.1, 10.0, 1e3])
@pytest.mark.parametrize("name", ["paper", "self_attention"])
def test_small_and_large_scores_are_as_accurate_as_plain(emulation, name, scale, dtype):
    """Parameters from where tanh is its argument to where it is a sign: small, large and far keys."""
    assert_agrees(random_model(preset(name, k_trunc=4), dtype, scale=scale, seed=3))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_slots_of_every_kind_in_one_memory(emulation, dtype):
    """Cell and hidden states that grow with time: keys that are small, large, and beyond any exponential."""
    model = random_model(preset("paper", k_top=2), dtype, seed=4)
    growing = np.logspace(-3, 3, len(model.inputs.x))[:, None, None]
    x, params = model.inputs.x * growing, dict(model.params)
    params["W_m"] = params["W_m"] * np.array([[1], [1], [1], [2000], [1], [1]])
    model = Model(model.config, params, model.inputs._replace(x=x)).astype(dtype)
    assert_agrees(model)
    _, tape = run.forward(model.config, model.params, model.inputs.x, model.inputs.h0, model.inputs.c0)
    assert len(set(tape.rows.kinds[:-1].ravel().tolist())) >= 2


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize(("T", "B", "k_att"), [(1, 1, 1), (2, 3, 1), (5, 1, 6), (40, 1, 1)])
def test_smallest_shapes_and_more_slots_than_a_warp(emulation, name, T, B, k_att):
    assert_agrees(random_model(preset(name, k_att=k_att, k_trunc=2), "float64", T=T, B=B))


@pytest.mark.parametrize("name", ["paper", "self_attention"])
@pytest.mark.parametrize(("H", "A"), [(33, 64), (64, 20), (128, 128)])
def test_sizes_around_warps(emulation, name, H, A):
    """Padded and not, more units of keys than of states and fewer, neighbours that share a unit and none."""
    assert_agrees(random_model(preset(name, hidden_size=H, attention_size=A, k_trunc=3), "float64", T=5, B=1))


@pytest.mark.parametrize("name", ["paper", "dev2018", "self_attention"])
def test_lists_and_weights_that_do_not_fit(emulation, name):
    """So little shared memory that only vectors are there: the rest is in global memory, and the results the same."""
    model = random_model(preset(name, truncation="sliding", k_trunc=3), "float64", T=35)
    near = results(run, model)
    emulation.shared_bytes = 12_000 + 5_000
    far = results(run, model)
    shared = [bytes_used for *_, bytes_used in emulation.launches]
    assert max(shared[2:]) < min(shared[:2])
    assert all(build.KEPT_GATES == 0 for _, build, _ in emulation.launches[2:])
    for tensor, value in near.items():
        np.testing.assert_array_equal(value, far[tensor], err_msg=tensor)


@pytest.mark.parametrize(("sparsifier", "margin"), [("threshold", 0.0), ("threshold", -1e-7), ("softmax", 0.0)])
def test_ties_go_to_the_older_slot(emulation, sparsifier, margin):
    """With w_a = 0 all scores are equal: the tie rule alone chooses, and a negative margin reads every slot."""
    config = preset("paper", sparsifier=sparsifier, margin=margin, k_trunc=3)
    model = random_model(config, "float64", T=40)
    model.params["w_a"][:] = 0
    want, found = results(plain, model), results(run, model)
    for name, value in want.items():
        np.testing.assert_allclose(found[name], value, rtol=0, atol=1e-9 * max(1.0, np.abs(value).max()), err_msg=name)


@pytest.mark.parametrize(
    "fields", [{"k_top": None, "sparsifier": "softmax"}, {"margin": -0.5}, {"small_memory": "raw"}]
)
@pytest.mark.parametrize("k_back", [1, 2, 35])
def test_of_more_slots_than_a_warp_the_strongest_send_gradient(emulation, fields, k_back):
    """A read that the tape has no room for, too, and more that send than a warp has threads."""
    config = preset("paper", k_back=k_back, k_trunc=3, **{"k_top": 40, **fields})
    assert_agrees(random_model(config, "float64", T=45, B=1))


def test_a_rank_wider_than_a_warp(emulation):
    assert_agrees(random_model(preset("paper", k_top=35, k_trunc=3), "float64", T=45, B=1))


def test_one_tape_serves_several_backward_passes(emulation):
    """With and without the scores' path, and again: the backward pass changes nothing on the tape."""
    config = preset("dev2018", k_trunc=3)
    detached = preset("dev2018", k_trunc=3, score_grad=False)
    model = random_model(config, "float64")
    (x, dy, h0, c0), params = model.inputs, model.params
    _, tape = run.forward(config, params, x, h0, c0)
    first, other, again = (run.backward(of, params, tape, dy) for of in (config, detached, config))
    want = results(plain, random_model(detached, "float64"))
    for name, value in first.items():
        np.testing.assert_array_equal(again[name], value, err_msg=name)
        np.testing.assert_allclose(other[name], want[f"grad.{name}"], rtol=0, atol=1e-10 * np.abs(value).max())


def test_two_runs_give_the_same_bits_whatever_the_batch(emulation):
    model = random_model(preset("paper", k_trunc=3), "float32", B=3)
    config, params, inputs = model
    alone = Model(config, params, type(inputs)(inputs.x[:, 1:2], inputs.dy[:, 1:2], inputs.h0[1:2], inputs.c0[1:2]))
    first, second, single = results(run, model), results(run, model), results(run, alone)
    for name, value in first.items():
        np.testing.assert_array_equal(value, second[name], err_msg=name)
    np.testing.assert_array_equal(first["h"][:, 1:2], single["h"])
    np.testing.assert_array_equal(first["s"][:, 1:2], single["s"])
