"""SAB and LSTM as models to train: the engine's gradient, and the bound on the scores' share of it."""

import json
import math

import numpy as np
import pytest

from sabcore import SABConfig, backward, forward
from sabcore.errors import ConfigError
from sabcore.train.model import MODELS, Recurrent, model_from_dict, model_to_dict
from sabcore.train.model.normaliser import largest_inverse
from sabcore.train.model.recurrent import bound_score_path

SIZES = {"input_size": 3, "hidden_size": 4, "output_size": 5}
CONFIG = SABConfig.paper(**SIZES, attention_size=6, k_top=2, k_trunc=3)


def inputs():
    rng = np.random.default_rng(0)
    return rng.normal(size=(9, 2, 3)), rng.normal(size=(9, 2, 5))


def norm(grads):
    return math.sqrt(sum((value**2).sum() for value in grads.values()))


def gradients(model, params):
    x, dy = inputs()
    return model.backward(params, model.forward(params, x)[1], dy)


@pytest.mark.parametrize("config", [CONFIG, SABConfig.lstm(**SIZES, k_trunc=3)])
def test_it_is_the_engine(config):
    model, (x, dy) = Recurrent(config), inputs()
    params = model.init(3, "float64")
    y, tape = forward(config, params, x)
    want = backward(config, params, tape, dy)
    grads, report = gradients(model, params)
    assert list(grads) == list(params) == list(model.shapes())
    assert all((grads[name] == want[name]).all() for name in params)
    np.testing.assert_array_equal(model.forward(params, x)[0], y)
    assert report.pop("inverse_S") == pytest.approx(largest_inverse(tape), nan_ok=not config.has_memory)
    assert report == {"h": abs(tape.h).max()}
    assert (model.input_size, model.output_size) == (3, 5)


@pytest.mark.parametrize("kept", [0.5, 0.01, 1.0])
def test_the_scores_share_is_bounded_and_the_rest_left_alone(kept):
    free = Recurrent(CONFIG)
    params = free.init(3, "float64")
    (x, dy), full = inputs(), gradients(free, params)[0]
    cut = backward(CONFIG, params, forward(CONFIG, params, x)[1], dy, score_grad=False)
    cut = {name: cut[name] for name in params}
    path = {name: full[name] - cut[name] for name in params}
    bound = norm(path) / norm(cut) * (kept if kept < 1 else 1.5)
    grads, report = gradients(Recurrent(CONFIG, bound), params)
    assert report["local"] == pytest.approx(norm(cut), rel=1e-12)
    assert report["score"] == pytest.approx(norm(path), rel=1e-12)
    for name in params:
        np.testing.assert_allclose(grads[name], cut[name] + kept * path[name], rtol=0, atol=1e-12 * norm(full))


def test_a_plain_lstm_has_no_such_share():
    model = Recurrent(SABConfig.lstm(**SIZES), 0.3)
    params = model.init(1, "float64")
    grads, report = gradients(model, params)
    free = gradients(Recurrent(model.config), params)[0]
    assert set(report) == {"h", "inverse_S"}
    assert math.isnan(report["inverse_S"])
    assert all((grads[name] == free[name]).all() for name in params)


def test_float32_gradients_beyond_the_squares_range_are_bounded_too():
    cut = {"p": np.full(4, 1e-3, "float32")}
    grads, local, score = bound_score_path({"p": np.full(4, 3e38, "float32")}, cut, 0.5)
    assert (local, score) == (pytest.approx(2e-3), pytest.approx(6e38))
    np.testing.assert_allclose(grads["p"], 1.5e-3, rtol=1e-6)
    assert grads["p"].dtype == "float32"


def test_where_only_the_scores_have_a_gradient_none_of_it_is_let_through():
    grads, local, score = bound_score_path({"p": np.ones(4)}, {"p": np.zeros(4)}, 0.3)
    assert (local, score) == (0, 2)
    assert not grads["p"].any()


@pytest.mark.parametrize(("size", "want"), [(5e-324, 5e-324), (1.5e308, 1e308)])
def test_a_limit_that_underflows_lets_none_through_and_one_that_overflows_all(size, want):
    full, cut = {"p": np.full(4, 1e308)}, {"p": np.full(4, size)}  # finite, but the norm of the last is not
    with np.errstate(over="ignore"):
        grads = bound_score_path(full, cut, 0.01)[0]
    np.testing.assert_array_equal(grads["p"], want)


def test_what_is_not_finite_stays_so_for_the_loop_to_see():
    for bad in (np.nan, np.inf):
        grads = bound_score_path({"p": np.array([bad, 1.0])}, {"p": np.ones(2)}, 0.5)[0]
        assert not np.isfinite(grads["p"]).all()


@pytest.mark.parametrize("model", [Recurrent(CONFIG), Recurrent(CONFIG, 0.3)])
def test_a_model_survives_its_description(model):
    assert model_from_dict(json.loads(json.dumps(model_to_dict(model)))) == model
    assert MODELS[model.kind] is type(model)


@pytest.mark.parametrize("bound", [0, -1, math.nan, math.inf, True, "1"])
def test_a_bad_bound_is_refused(bound):
    with pytest.raises(ConfigError, match="score_bound is"):
        Recurrent(CONFIG, bound)


@pytest.mark.parametrize(
    "fields", [{}, {"kind": "recurrent"}, {"kind": "tree"}, {"kind": ["recurrent"]},
               {"kind": "recurrent", "config": CONFIG.to_dict()},
               {"kind": "recurrent", "config": {}, "score_bound": None},
               {"kind": "recurrent", "config": [], "score_bound": None}],
)  # fmt: skip
def test_a_foreign_description_is_refused(fields):
    with pytest.raises(ConfigError):
        model_from_dict(fields)
