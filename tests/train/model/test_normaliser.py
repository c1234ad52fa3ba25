"""The largest 1/S of a batch: from the definition, read by read, whatever engine kept the scores."""

import math
from typing import Any

import numpy as np
import pytest

from sabcore import SABConfig, forward, init_params
from sabcore.engine import Tape
from sabcore.engine.cuda import run as cuda
from sabcore.engine.tape import in_a_row
from sabcore.step.score import make_score
from sabcore.train.model.normaliser import largest_inverse
from tests.engine.cuda.conftest import emulation  # noqa: F401
from tests.strict_array import STRICT, StrictArray

SIZES = {"input_size": 3, "hidden_size": 5, "output_size": 4, "attention_size": 6}
CONFIGS = {
    "paper": SABConfig.paper(**SIZES, k_top=3),
    "sparse slots": SABConfig.paper(**SIZES, k_top=2, k_att=3),
    "one short": SABConfig.paper(**SIZES, k_top=3, threshold_rank="k_top"),
    "dev2018": SABConfig.dev2018(**SIZES, k_top=3),
    "released": SABConfig.released(**SIZES, k_top=3),
    "larger than the memory": SABConfig.paper(**SIZES, k_top=40),
    "softmax while small": SABConfig.paper(**SIZES, k_top=3, small_memory="softmax"),
}
#: More rows than a block of the CPU engine holds, and no multiple of it; more steps than a rule changes in.
T, B = 12, 11


def run(config, engine, dtype="float64", seed=0, scale=2.0):
    rng, params = np.random.default_rng(seed), init_params(config, seed=seed, dtype=dtype)
    params = {name: (scale * value).astype(dtype) for name, value in params.items()}
    return params, forward(config, params, rng.standard_normal((T, B, 3)).astype(dtype), engine=engine)[1]


def by_definition(config, params, tape):
    """S of every single read, its scores made anew from the states: spec, "Sparsify"."""
    score, h = make_score(config, params), np.concatenate((np.zeros((1, B, 5)), tape.h))
    slots, found = h[config.first_slot :: config.k_att], []
    for t in range(1, T + 1):
        N = config.slots_before(t)
        if N == 0 or (N <= config.k_top and config.small_memory != "threshold"):
            continue
        a = score.score(score.key(slots[:N]), score.query(tape.hhat[t - 1]))
        rank = min(config.k_top + (config.threshold_rank == "k_top+1"), N)
        for of_row in a.T:
            theta = sorted(of_row, reverse=True)[rank - 1]
            v = sum(max(0.0, one - theta - config.margin) for one in of_row)
            if v > 0:  # else nothing is above the threshold, and nothing is read
                found.append(v + config.eps)
    return 1 / min(found)


@pytest.mark.parametrize("engine", ["plain", "cpu"])
@pytest.mark.parametrize("name", CONFIGS)
def test_it_is_the_largest_of_the_definition(name, engine):
    for seed in (0, 1):
        params, tape = run(CONFIGS[name], engine, seed=seed)
        want = by_definition(CONFIGS[name], params, tape)
        # 1/S moves by itself times what a difference of two scores is rounded by
        assert largest_inverse(tape) == pytest.approx(want, rel=1e-13 * want + 1e-12)


@pytest.mark.parametrize("engine", ["plain", "cpu"])
@pytest.mark.parametrize(
    "config", [SABConfig.lstm(input_size=3, hidden_size=5, output_size=4), SABConfig.self_attention(**SIZES),
               SABConfig.paper(**SIZES, k_top=3, sparsifier="softmax"), SABConfig.released(**SIZES, k_top=T + 1)],
)  # fmt: skip
def test_without_a_threshold_there_is_none(config, engine):
    assert math.isnan(largest_inverse(run(config, engine)[1]))


def test_reads_of_which_too_many_slots_tie_do_not_count_on_the_cpu():
    """Scores that are all equal: with a negative margin every slot has weight, and the tape keeps none of them."""
    config = CONFIGS["dev2018"]
    of_four = 1 / (4 * -config.margin + config.eps)  # the smallest memory with a threshold: four slots, and four fit
    assert largest_inverse(run(config, "plain", scale=0.0)[1]) == pytest.approx(of_four, rel=1e-9)
    tape = run(config, "cpu", scale=0.0)[1]
    a, listed = tape.record.buffers.a, tape.record.buffers.listed
    assert listed.min() == -1
    a[listed < 0] = a[-1, :, -1] = (0.0, 0.0, 0.0, 1.0)  # what an earlier pass may have left there, of a smaller S,
    listed[-1, :, -1] = 4  # and in the row that fills up the last block
    assert largest_inverse(tape) == pytest.approx(of_four, rel=1e-9)


def test_it_reads_the_tape_of_the_cuda_kernels(emulation):  # noqa: F811
    """Compiled by g++; what they do not write is NaN there."""
    for name in ("paper", "dev2018"):
        config = CONFIGS[name]
        params, tape = run(config, "plain")
        zeros = np.zeros((B, 5))
        record: Any = cuda.forward(config, params, tape.x, zeros, zeros)[1]
        got = largest_inverse(Tape(config, in_a_row(params), record))
        assert got == pytest.approx(largest_inverse(tape), rel=1e-12 * got + 1e-12)


def test_on_a_device_one_number_is_copied_to_the_host():
    config = CONFIGS["paper"]
    params, host = run(config, "plain")
    params, x = {name: StrictArray(value) for name, value in params.items()}, StrictArray(host.x)
    tape, before = forward(config, params, x, engine="plain")[1], STRICT.items_taken
    assert largest_inverse(tape) == largest_inverse(host)
    assert STRICT.items_taken == before + 1
