"""What the CUDA engine takes on, and how it says that it does not; no GPU needed."""

import subprocess
import sys
import warnings

import numpy as np
import pytest

from sabcore import SABConfig, init_params
from sabcore.engine import cuda, plain
from sabcore.engine.cuda import fits
from sabcore.engine.cuda.plan import (
    BACKWARD_THREADS,
    SHARED_BYTES,
    backward_bytes,
    forward_bytes,
    make_plan,
    threads_for,
)
from tests.cases import SIZES, random_inputs


@pytest.fixture
def working(monkeypatch):
    """Kernels that run, as far as anyone asks."""
    monkeypatch.setattr(fits, "trouble", lambda xp, dtype: None)


@pytest.mark.parametrize(
    ("H", "dtype", "does"), [(128, "float32", True), (512, "float32", True), (2048, "float32", False)]
)
def test_what_fits_into_shared_memory(working, H, dtype, does):
    config = SABConfig.paper(input_size=2, hidden_size=H, output_size=2, k_top=10)
    assert (fits.why_not(config, np.zeros((3, 1, 2), dtype)) is None) == does


def test_lists_move_to_global_memory_when_there_are_many_slots():
    config = SABConfig.paper(input_size=2, hidden_size=128, output_size=2, k_top=10)
    plans = {T: make_plan(config, T, "float32") for T in (200, 5000)}
    assert [plans[T].lists_shared for T in plans] == [1, 0]
    for plan in plans.values():
        assert max(forward_bytes(plan, "float32"), backward_bytes(plan, "float32")) <= SHARED_BYTES


@pytest.mark.parametrize(("H", "threads"), [(1, 32), (9, 64), (128, 384), (1000, 384)])
def test_a_block_has_whole_warps(H, threads):
    config = SABConfig.lstm(input_size=2, hidden_size=H, output_size=2)
    assert threads_for(make_plan(config, 3, "float32"), BACKWARD_THREADS) == threads


def test_the_plain_engine_stands_in_with_one_warning(monkeypatch):
    monkeypatch.setattr(cuda, "_said", set())
    monkeypatch.setattr(fits, "trouble", lambda xp, dtype: "no kernels today")
    config = SABConfig.paper(**SIZES, k_top=3)
    params, inputs = init_params(config, dtype="float64"), random_inputs(config, seed=0)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for _ in range(2):
            y, tape = cuda.forward(config, params, inputs.x, inputs.h0, inputs.c0)
            grads = cuda.backward(config, params, tape, inputs.dy)
    assert [str(each.message) for each in said] == [
        "the slower plain engine stands in for the CUDA kernels: no kernels today"
    ]
    want, want_tape = plain.forward(config, params, inputs.x, inputs.h0, inputs.c0)
    np.testing.assert_array_equal(y, want)
    for name, value in plain.backward(config, params, want_tape, inputs.dy).items():
        np.testing.assert_array_equal(grads[name], value)


def test_importing_the_engine_leaves_cuda_alone():
    check = "import sys, sabcore, sabcore.engine.cuda; sys.exit(any(m in sys.modules for m in ('numba.cuda', 'cupy')))"
    assert subprocess.run([sys.executable, "-c", check]).returncode == 0
