"""Gradients of another loss: each is the right one times what its sentence says, and outputs are as they are."""

from __future__ import annotations

import numpy as np
import pytest

from sabcore import SABConfig
from sabcore.validate.cases import ask
from sabcore.validate.mistakes.scale import SCALE
from sabcore.validate.ours import Hypothesis, answer

T, B = 7, 3
CONFIG = SABConfig.paper(input_size=4, hidden_size=5, output_size=6, k_top=2, k_trunc=3)
#: What every gradient is multiplied by.
FACTORS = {
    "loss averaged over the batch": 1 / 3,
    "loss averaged over the steps": 1 / 7,
    "loss averaged over steps and batch": 1 / 21,
    "gradients of the wrong sign": -1.0,
    "gradients all zero": 0.0,
}


def test_each_mistake_has_its_factor():
    assert [mistake.name for mistake in SCALE] == list(FACTORS)


@pytest.mark.parametrize("mistake", SCALE, ids=lambda mistake: mistake.name)
def test_every_gradient_is_multiplied(mistake):
    question = ask(CONFIG, 1, T, B, states=True)
    found, right = (answer(Hypothesis(CONFIG, mistakes), question) for mistakes in ((mistake,), ()))
    assert found is not None
    assert right is not None
    assert found.keys() == right.keys() >= {"y", "grad.x", "grad.W_m", "grad.h0"}
    for name, value in right.items():
        factor = FACTORS[mistake.name] if name.startswith("grad.") else 1.0
        assert np.allclose(found[name], factor * value, rtol=1e-14, atol=0), name
        assert value.any(), name
