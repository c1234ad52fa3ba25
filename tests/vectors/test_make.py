"""Making vectors: drawn by seed, written only if two oracles agree, and never asked of the engine."""

from dataclasses import replace

import numpy as np
import pytest

from sabcore import SABConfig
from sabcore.errors import SABError
from sabcore.vectors import make as making
from sabcore.vectors.catalogue import CATALOGUE
from sabcore.vectors.make import draw

CONFIG = SABConfig.paper(input_size=3, hidden_size=5, output_size=4, attention_size=6, k_top=2)


def test_a_seed_draws_the_same_and_another_seed_another():
    one, again, other = (draw(CONFIG, T=4, B=2, seed=seed).tensors() for seed in (1, 1, 2))
    assert {name: value.shape for name, value in one.items() if not name.startswith("param.")} == {
        "x": (4, 2, 3), "dy": (4, 2, 4), "h0": (2, 5), "c0": (2, 5),
    }  # fmt: skip
    for name, value in one.items():
        np.testing.assert_array_equal(value, again[name])
        assert (value != other[name]).any()


def test_what_is_drawn_fills_the_range_it_says():
    """Inputs are standard normal, parameters and states `SPREAD` times that, and zeros are zeros."""
    drawn = draw(CONFIG, T=400, B=20, seed=0, zeros=("w_a",))
    assert abs(drawn.x.std() - 1) < 0.02
    assert abs(drawn.dy.std() - 1) < 0.02
    weights = np.concatenate([drawn.params[name].ravel() for name in ("W_ih", "W_hh")])
    assert abs(weights.std() / making.SPREAD - 1) < 0.2
    assert not drawn.params["w_a"].any()
    assert drawn.params["W_m"].any()
    assert (drawn.tensors()["h0"] != drawn.tensors()["c0"]).all()


def test_without_a_state_there_is_none():
    drawn = draw(CONFIG, T=4, B=2, seed=1, state=False)
    assert drawn.h0 is drawn.c0 is None
    np.testing.assert_array_equal(drawn.x, draw(CONFIG, T=4, B=2, seed=1).x)


def test_fields_that_do_not_apply_take_their_defaults():
    drawn = draw(replace(CONFIG, temperature=3.0, k_remind=None, margin=0.5), T=4, B=2, seed=1)
    assert (drawn.config.temperature, drawn.config.margin) == (1.0, 0.5)


@pytest.mark.parametrize("wrong", [1 + 1e-9, np.nan])
def test_oracles_that_disagree_write_nothing(monkeypatch, wrong):
    pytest.importorskip("torch")
    right = making.complex_step.gradients

    def other(*args, **kwargs):
        found = right(*args, **kwargs)
        return {**found, "grad.b": found["grad.b"] * wrong}

    monkeypatch.setattr(making.complex_step, "gradients", other)
    with pytest.raises(SABError, match=r"apart on grad\.b.*no vector is made"):
        making.expect(CATALOGUE["lstm-one-step"].draw(0))


def test_without_pytorch_it_says_so(monkeypatch):
    def absent(*args, **kwargs):
        raise ImportError("the autograd oracle needs PyTorch")

    monkeypatch.setattr(making.autograd, "gradients", absent)
    with pytest.raises(SABError, match=r"two oracles.*needs PyTorch.*pip install"):
        making.expect(CATALOGUE["lstm-one-step"].draw(0))


def test_the_engine_is_not_asked(monkeypatch):
    pytest.importorskip("torch")
    for module in ("sabcore.engine.forward", "sabcore.vectors.check.recompute"):
        monkeypatch.setattr(module, lambda *args, **kwargs: pytest.fail("the engine was asked"))
    vector, agreement = making.expect(draw(replace(CONFIG, score="separable"), T=5, B=1, seed=0))
    assert {"y", "h", "c", "s", "grad.u_q", "grad.h0"} <= set(vector.expected)
    assert agreement.error <= making.AGREED
    assert str(agreement).startswith("autograd and the complex step agree to ")
