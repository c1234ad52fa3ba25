"""A read's gradient in parts: together what the plain engine sends back, each label by itself."""

from typing import Any

import numpy as np
import pytest

from sabcore import SABConfig
from sabcore.compare.report import failures
from sabcore.compare.tensors import compare
from sabcore.engine import plain
from sabcore.step.recall import recall_backward
from sabcore.step.score import make_score
from sabcore.step.sparsify import make_sparsifier
from sabcore.trace.read import read_backward
from sabcore.trace.source import random_source

SIZES = {"input_size": 3, "hidden_size": 4, "output_size": 2, "attention_size": 5}
RULES: dict[str, dict[str, Any]] = {
    "paper": {"k_top": 2},
    "margin": {"k_top": 2, "margin": -0.3},
    "separable": {"k_top": 2, "score": "separable"},
    "softmax": {"k_top": None, "sparsifier": "softmax"},
}
T, L, K = 8, 2, 3


@pytest.fixture(params=RULES)
def run(request):
    config = SABConfig.paper(**{**SIZES, **RULES[request.param]})
    source = random_source(config, T, 0)
    zero = np.zeros((1, 4))
    _, tape = plain.forward(config, source.params, source.x[:, None], zero, zero)
    return config, make_score(config, source.params), tape


def test_the_parts_add_up_to_the_plain_engines_read(run):
    config, score, tape = run
    ds = np.random.default_rng(1).normal(size=(L, K, 4))
    parts = read_backward(config, score, tape, T, ds)
    assert parts is not None
    N = config.slots_before(T)
    M, sparsifier = tape.h_all[config.first_slot :: config.k_att][:N], make_sparsifier(config, N)
    dweights = 0
    for k in range(K):
        cache = tape.recalls[T - 1]
        dm, dk, dq, weights = recall_backward(ds[:, [k]], tape.hhat[T - 1], M, tape.keys[:N], cache, score, sparsifier)
        got = {"dm": parts.dm[:, k], "dk": (parts.dk["key"] + parts.dk["threshold"])[:, k], "dq": parts.dq[:, k]}
        assert failures(compare(got, {"dm": dm[:, 0], "dk": dk[:, 0], "dq": dq[:, 0]}, 1e-12)) == []
        dweights = dweights + weights.get("w_a", 0)
    if "w_a" in parts.dweights and config.score == "additive":
        assert failures(compare({"w_a": parts.dweights["w_a"]}, {"w_a": dweights}, 1e-12)) == []
    assert parts.slots.tolist() == parts.told.slots.tolist()
    np.testing.assert_array_equal(parts.m, M[parts.slots, 0])


def test_only_the_slot_of_thetas_rank_is_credited_through_theta(run):
    config, score, tape = run
    parts = read_backward(config, score, tape, T, np.random.default_rng(1).normal(size=(L, K, 4)))
    assert parts is not None
    credited = np.flatnonzero(parts.dk["threshold"].reshape(len(parts.slots), -1).any(axis=1)).tolist()
    assert credited == ([] if config.sparsifier == "softmax" else [config.k_top])


def test_an_empty_memory_sends_nothing(run):
    config, score, tape = run
    assert read_backward(config, score, tape, 1, np.ones((L, K, 4))) is None
