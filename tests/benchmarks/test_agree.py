"""Benchmark peers compute what the plain engine computes, and one that does not is found out and never timed."""

import dataclasses

import numpy as np
import pytest

from sabcore import SABConfig
from sabcore.benchmarks import agree, race
from sabcore.benchmarks.limits import Limits
from sabcore.benchmarks.peers import engines, on_host, peers
from sabcore.benchmarks.workload import lstm_config, make_workload, sab_config

SMALL = {"input_size": 3, "hidden_size": 8, "output_size": 4}
#: Longer than the window and than k_top, with a memory at every step and at every third.
CONFIGS = {
    "sab": sab_config(**SMALL, k_top=3, k_trunc=4),
    "sab, sparse, full": sab_config(**SMALL, attention_size=5, k_top=2, k_att=3, k_trunc=None),
    "sab, few slots": sab_config(**SMALL, k_top=30, k_trunc=6),
    "lstm": lstm_config(**SMALL),
    "lstm, segments": lstm_config(**SMALL, k_trunc=4),
}
SLOW_TO_COMPILE = ("torch-compiled",)
KNOWN = {entrant.name: entrant for entrant in [*engines(), *peers()]}
PLAIN = KNOWN["sabcore-plain"]


#: Who computes what, installed or not.
PAIRS = [(name, model) for name in KNOWN for model, config in CONFIGS.items() if KNOWN[name].refuses(config) is None]


def agreements(name, config):
    if why := KNOWN[name].missing():
        pytest.skip(why)
    return agree.check([KNOWN[name]], config, T=13, B=3)


def test_somebody_takes_part_in_everything():
    assert {model for name, model in PAIRS if not name.startswith("sabcore")} == set(CONFIGS)


@pytest.mark.parametrize(("name", "model"), [pair for pair in PAIRS if pair[0] not in SLOW_TO_COMPILE])
def test_every_entrant_computes_the_same_gradients(name, model):
    for verdict in agreements(name, CONFIGS[model]):
        assert verdict.passed, verdict


@pytest.mark.long
@pytest.mark.parametrize("name", SLOW_TO_COMPILE)
def test_the_slow_ones_do_too(name):
    for verdict in agreements(name, CONFIGS["sab"]):
        assert verdict.passed, verdict


@pytest.mark.parametrize("fields", [{"truncation": "sliding"}, {"segment_offset": 1}, {"margin": 0.1}, {"k_top": 0}])
def test_peers_refuse_what_they_were_not_written_for(fields):
    config = sab_config(**SMALL, **fields)
    refusing = [entrant.name for entrant in peers() if entrant.refuses(config)]
    assert set(refusing) >= {"torch-cached", "torch-listed", "torch-paper", "torch-compiled", "jax-scan"}
    assert "torch-lstm" in refusing or fields == {"k_top": 0}


def spoiled(spoil):
    """An entrant like the plain engine, but for what `spoil` does to its gradients."""

    def prepare(workload):
        grads = dict(on_host(PLAIN.prepare(workload)()))
        spoil(grads)
        return lambda: grads

    return dataclasses.replace(PLAIN, name="spoiled", prepare=prepare)


def nan(grads):
    grads["W_q"] = grads["W_q"] * np.nan


def no_read_gradient(grads):
    grads["W_m"] = np.zeros_like(grads["W_m"])


def a_little_off(grads):
    grads["W_hh"] = grads["W_hh"] * (1 + 2e-7 if grads["W_hh"].dtype == "float64" else 1.01)


def forgets_x(grads):
    del grads["x"]


def wrong_output(grads):
    grads["y"] = grads["y"] + 1e-4


def raises(grads):
    raise RuntimeError("out of\nmemory")


WRONG = [nan, no_read_gradient, a_little_off, forgets_x, wrong_output, raises]


@pytest.mark.parametrize("spoil", WRONG, ids=lambda spoil: spoil.__name__)
def test_a_wrong_peer_is_rejected(spoil, tally):
    for verdict in agree.check([spoiled(spoil)], CONFIGS["sab"], T=13, B=3):
        assert not verdict.passed
        says = "RuntimeError: out of memory" if spoil is raises else f"{verdict.worst}: "
        assert str(verdict.problem).startswith(says)
        tally("wrong benchmark peers", spoil.__name__, ["agree"])


def test_a_gradient_that_cancels_is_judged_by_what_rounding_leaves():
    """Reads under a softmax do not depend on a separable score's query: grad.u_q is rounding, and nothing else."""
    config = SABConfig.self_attention(**SMALL, score="separable", k_att=2)
    workload = make_workload(config, 13, 3, "float64")
    want = agree.expected(workload)

    def shifted(by):
        return spoiled(lambda grads: grads.update(u_q=grads["u_q"] + by))

    largest = max(np.abs(value).max() for name, value in want.items() if name != "y")
    assert np.abs(want["grad.u_q"]).max() < 1e-15 * largest
    assert agree.judge(shifted(1e-15 * largest), workload, want).passed
    assert not agree.judge(shifted(1e-10 * largest), workload, want).passed


def test_who_disagrees_is_reported_and_not_timed():
    absent = dataclasses.replace(spoiled(nan), missing=lambda: "not installed")
    known = {"sabcore-plain": PLAIN, "spoiled": spoiled(nan), "absent": absent}
    entrants, limits = tuple(known), Limits(1e9, 1e9, 1e9)
    run = race.Race("small", CONFIGS["sab"], 13, 3, entrants, "sabcore-plain", weighed=False)
    found = race.run_race(run, race.Track(known, 0.01, limits), lambda text: None)
    assert list(found["entrants"]) == ["sabcore-plain"]
    assert {row["entrant"]: row["passed"] for row in found["agreements"]} == {"sabcore-plain": True, "spoiled": False}
    assert found["left_out"] == {"absent": "not installed"}
    assert found["ratios"] == {}


def test_a_workload_is_the_same_numbers_in_every_dtype():
    single, double = (make_workload(CONFIGS["sab"], 5, 2, dtype) for dtype in ("float32", "float64"))
    assert single.x.dtype == "float32"
    assert np.array_equal(single.x, double.x)
    assert all(np.array_equal(single.params[name], value) for name, value in double.params.items())
