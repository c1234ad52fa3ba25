"""The engine's door: kernels where they can, the plain engine where not, said once; a table of weights either way."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from sabcore import SABConfig
from sabcore.engine import cuda, plain
from tests.cases import SIZES
from tests.engine.cuda.agreement import random_model, results

CONFIG = SABConfig.paper(**SIZES, k_top=3, k_trunc=4)


@pytest.fixture
def kernels(emulation, monkeypatch):
    """No trial: what it would find is `test_run`'s subject."""
    monkeypatch.setattr(cuda, "why_not", lambda config, x: None)
    return emulation


def test_the_plain_engine_stands_in_and_says_so_once(monkeypatch):
    monkeypatch.setattr(cuda, "why_not", lambda config, x: "there is a reason")
    monkeypatch.setattr(cuda, "_said", set())
    model = random_model(CONFIG, "float64")
    with pytest.warns(RuntimeWarning, match="plain engine stands in for the CUDA kernels: there is a reason") as said:
        first, second = results(cuda, model), results(cuda, model)
    assert len(said) == 1
    for name, value in results(plain, model).items():
        np.testing.assert_array_equal(first[name], value)
        np.testing.assert_array_equal(second[name], value)


def test_kernels_run_where_they_can(kernels):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        results(cuda, random_model(CONFIG, "float64"))
    assert [name for name, *_ in kernels.launches] == ["forward", "backward"]


def test_attention_is_the_plain_engines(kernels):
    config, params, (x, _, h0, c0) = random_model(CONFIG, "float64")
    found, want = (e.attention(config, params, e.forward(config, params, x, h0, c0)[1]) for e in (cuda, plain))
    np.testing.assert_allclose(found, want, rtol=0, atol=1e-12)
