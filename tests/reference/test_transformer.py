"""The oracle of the Transformer: its gradients are its own difference quotients, and its sinusoids are such."""

import math

import numpy as np
import pytest

pytest.importorskip("torch")
import torch

from sabcore.reference import transformer

CONFIG = {"input_size": 2, "hidden_size": 4, "output_size": 3, "layers": 1, "heads": 2}
SHAPES = {
    "W_x": (4, 2), "block1.gain_p": (4,), "block1.bias_p": (4,), "block1.W_q": (4, 4), "block1.W_k": (4, 4),
    "block1.W_v": (4, 4), "block1.W_o": (4, 4), "block1.gain_r": (4,), "block1.bias_r": (4,), "block1.W_1": (5, 4),
    "block1.b_1": (5,), "block1.W_2": (4, 5), "block1.b_2": (4,), "gain": (4,), "bias": (4,), "V": (3, 4), "d": (3,),
}  # fmt: skip


def test_its_gradients_are_its_difference_quotients():
    rng = np.random.default_rng(0)
    params = {name: rng.normal(size=shape) for name, shape in SHAPES.items()}
    x, dy = rng.normal(size=(4, 2, 2)), rng.normal(size=(4, 2, 3))
    found = transformer.gradients(CONFIG, params, x, dy)
    for name, value in {**params, "x": x}.items():
        along, sums = rng.normal(size=value.shape), []
        for step in (1e-5, -1e-5):
            moved = {**params, "x": x, name: value + step * along}
            y = transformer.gradients(CONFIG, {key: moved[key] for key in params}, moved["x"], dy)["y"]
            sums.append((dy * y).sum())
        assert (found[f"grad.{name}"] * along).sum() == pytest.approx((sums[0] - sums[1]) / 2e-5, rel=1e-6, abs=1e-8)


def test_its_positions_are_sinusoids():
    found = transformer._positions(torch, 3, 5).numpy()
    assert found[2, 3] == pytest.approx(math.cos(2 / 10000 ** (2 / 5)))
    assert found[2, 4] == pytest.approx(math.sin(2 / 10000 ** (4 / 5)))
