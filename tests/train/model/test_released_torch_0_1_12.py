"""`released` with mixed thresholds: its gradient is its difference quotient, and of one sequence it is `released`."""

import json

import numpy as np
import pytest

from sabcore import SABConfig, backward, forward
from sabcore.compare.report import failures
from sabcore.compare.tensors import compare
from sabcore.errors import ConfigError, DTypeError, ShapeError
from sabcore.reference.differences import FIRST, LEVELS, RATIO, extrapolate
from sabcore.train.model import MODELS, ReleasedTorch0112, model_from_dict, model_to_dict
from sabcore.validate.mistakes import MISTAKES
from sabcore.validate.mistakes.build import build
from tests.strict_array import StrictArray

#: Without truncation, so that the gradient is that of the loss.
CONFIG = SABConfig.released(input_size=3, hidden_size=4, output_size=2, k_top=2)
MODEL = ReleasedTorch0112(CONFIG)


def inputs(rows=3, seed=0):
    rng, params = np.random.default_rng(seed), MODEL.init(seed, "float64")
    return (
        {name: 2 * value for name, value in params.items()},
        rng.normal(size=(6, rows, 3)),
        rng.normal(size=(6, rows, 2)),
    )


def test_its_gradient_is_its_difference_quotient_to_its_own_error():
    params, x, dy = inputs()
    got, rng = MODEL.backward(params, MODEL.forward(params, x)[1], dy)[0], np.random.default_rng(1)
    steps = FIRST / 64 / RATIO ** np.arange(LEVELS)
    for name, value in params.items():
        along = rng.normal(size=value.shape)
        f = [(dy * MODEL.forward({**params, name: value + step * along}, x)[0]).sum() for step in (*steps, *-steps)]
        first = (np.array(f[:LEVELS]) - np.array(f[LEVELS:])) / (2 * steps)
        want, error = extrapolate(first[None], 1e-14 * abs(dy).sum() / steps[None])
        assert abs((got[name] * along).sum() - want[0]) <= 4 * error[0], name
        assert error[0] < 1e-5 * abs(got[name]).max() * abs(along).sum(), name


def test_it_is_the_validators_mistake():
    """The catalogue's own wrong engine, by another way."""
    params, x, dy = inputs()
    (mistake,) = (each for each in MISTAKES if each.name == "row-mixed thresholds")
    engine, zeros = build([mistake]), np.zeros((3, 4))
    config = engine.config.from_dict(CONFIG.to_dict())
    y, tape = engine.forward(config, params, x, zeros, zeros)
    np.testing.assert_array_equal(MODEL.forward(params, x)[0], y)
    want = engine.backward(config, params, tape, dy)
    got = MODEL.backward(params, MODEL.forward(params, x)[1], dy)[0]
    assert all((got[name] == want[name]).all() for name in params)


def test_a_batch_of_one_is_released_and_a_larger_one_is_not():
    params, x, dy = inputs(rows=1)
    _, tape = forward(CONFIG, params, x, engine="plain")
    want = {name: grad for name, grad in backward(CONFIG, params, tape, dy).items() if name in params}
    got = MODEL.backward(params, MODEL.forward(params, x)[1], dy)[0]
    assert failures(compare(got, want, 1e-11)) == []
    params, x, dy = inputs()
    assert abs(MODEL.forward(params, x)[0] - forward(CONFIG, params, x, engine="plain")[0]).max() > 0.01


def test_it_survives_its_description():
    assert model_from_dict(json.loads(json.dumps(model_to_dict(MODEL)))) == MODEL
    assert MODELS[MODEL.kind] is ReleasedTorch0112
    assert (MODEL.input_size, MODEL.output_size, list(MODEL.shapes())) == (3, 2, list(MODEL.init(0, "float32")))


@pytest.mark.parametrize("fields", [{}, {"config": 1}, {"config": {}}])
def test_a_foreign_description_is_refused(fields):
    with pytest.raises(ConfigError):
        model_from_dict({"kind": MODEL.kind, **fields})


def test_what_it_cannot_compute_is_refused():
    params, x, _ = inputs()
    with pytest.raises(ConfigError, match="the config has none"):
        ReleasedTorch0112(SABConfig.lstm(input_size=3, hidden_size=4, output_size=2))
    with pytest.raises(ConfigError, match="k_back is 3"):
        ReleasedTorch0112(SABConfig.released(input_size=3, hidden_size=4, output_size=2, k_top=2, k_back=3))
    with pytest.raises(DTypeError, match="on NumPy arrays alone"):
        MODEL.forward(params, StrictArray(x))
    with pytest.raises(ShapeError, match="x has shape"):
        MODEL.forward(params, x[..., :2])
