"""What the CUDA engine takes on, and how it says that it does not; no GPU needed."""

import subprocess
import sys
import warnings

import numpy as np
import pytest

from sabcore import SABConfig, init_params
from sabcore.engine import cuda, plain
from sabcore.engine.cuda import fits
from sabcore.engine.cuda.card import SHARED_BYTES
from sabcore.engine.cuda.plan import backward_room, forward_room, forward_tiles, make_build, make_plan
from tests.cases import SIZES, random_inputs


@pytest.fixture
def working(monkeypatch):
    """Kernels that run, as far as anyone asks."""
    monkeypatch.setattr(fits, "trouble", lambda config, xp, dtype: None)


@pytest.mark.parametrize(
    ("H", "dtype", "does"), [(128, "float32", True), (512, "float32", True), (8192, "float32", False)]
)
def test_what_fits_into_shared_memory(working, H, dtype, does):
    config = SABConfig.paper(input_size=2, hidden_size=H, output_size=2, k_top=10)
    assert (fits.why_not(config, np.zeros((3, 1, 2), dtype)) is None) == does


def rooms(T, dtype="float32", **fields):
    """The builds and rooms of both kernels."""
    config = SABConfig.paper(input_size=2, output_size=2, k_top=10, **fields)
    build, plan = make_build(config, dtype), make_plan(config, T, dtype)
    return [of(build, plan, np.dtype(dtype).itemsize, SHARED_BYTES) for of in (forward_room, backward_room)]


def test_what_is_kept_near_fits_there_and_lists_go_before_weights():
    for T, H in ((2, 1), (200, 128), (5000, 128), (30000, 128), (200, 500)):
        for dtype in ("float32", "float64"):
            assert max(room.bytes for _, room in rooms(T, dtype, hidden_size=H)) <= SHARED_BYTES
    (few, near), (more, nearer), (most, nearest) = (rooms(T, hidden_size=128)[0] for T in (200, 5000, 30000))
    assert [few.shared, more.shared, most.shared] == [1, 1, 0]
    rows = forward_tiles(few).gates.depth - forward_tiles(few).gates.held
    assert near.gates == nearer.gates == nearest.gates == rows  # what is used most comes first
    assert near.query + near.key > nearer.query + nearer.key < nearest.query + nearest.key


def test_gradients_by_level_move_to_global_memory_when_there_are_many_levels():
    sliding = {"truncation": "sliding", "hidden_size": 128}
    assert [rooms(400, k_trunc=k, **sliding)[1][0].shared for k in (10, 300)] == [1, 0]


def test_the_plain_engine_stands_in_with_one_warning(monkeypatch):
    monkeypatch.setattr(cuda, "_said", set())
    monkeypatch.setattr(fits, "trouble", lambda config, xp, dtype: "no kernels today")
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
