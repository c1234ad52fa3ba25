"""On a GPU: the plain engine on CuPy arrays, the CUDA engine, and the CPU's plain engine agree; `pytest -m gpu`."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sabcore import SABConfig, init_params
from sabcore.array.device import resolve
from sabcore.array.dlpack import from_dlpack
from sabcore.engine import cuda, plain
from sabcore.engine.cuda import launch
from sabcore.engine.topk import topk
from sabcore.errors import DeviceError
from tests.cases import CASES, SIZES, Inputs, random_inputs
from tests.engine.test_properties import configs
from tests.oracle import allowance, errors

pytestmark = pytest.mark.gpu
#: Against the CPU's plain engine in float64, where rounding does not move that one's result further.
ALLOWED = {"float64": 1e-9, "float32": 2e-3}


@pytest.fixture(scope="module")
def cupy():
    """CuPy on a GPU that answers; skip where there is none."""
    try:
        return resolve("cuda")
    except DeviceError as error:
        pytest.skip(str(error))


@pytest.fixture(autouse=True)
def no_fallback():
    """A silent plain engine would pass everything: the warning that it stands in is an error here."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        yield


def results(engine, config, params, inputs):
    """All that an engine computes, by name, wherever it is."""
    y, tape = engine.forward(config, params, inputs.x, inputs.h0, inputs.c0)
    found = {"y": y, "h": tape.h, "c": tape.c} | ({"s": tape.s} if config.has_memory else {})
    return found | {f"grad.{name}": value for name, value in engine.backward(config, params, tape, inputs.dy).items()}


def on_device(cupy, config, dtype, seed=1, T=11, B=2):
    """The same random model and inputs on the host in float64 (rounded to dtype first), and on the device in dtype."""
    params = {name: value.astype(dtype) for name, value in init_params(config, seed, "float64").items()}
    inputs = random_inputs(config, seed + 1, T, B, dtype)
    host = {name: value.astype("float64") for name, value in params.items()}
    there = {name: cupy.asarray(value) for name, value in params.items()}
    wide, near = (Inputs(*map(of, inputs)) for of in (lambda a: a.astype("float64"), cupy.asarray))
    return (host, wide), (there, near)


def allowed_for(config, host, dtype):
    """What each tensor may be off by: `ALLOWED`, more where dtype's rounding of the inputs alone does more."""
    params, inputs = host
    return allowance(config, params, inputs, ALLOWED[dtype], dtype)


def too_large(found, want, allowed):
    """The errors that are not small enough, by tensor."""
    return {name: error for name, error in errors(found, want).items() if not error <= allowed[name]}


def fetched(cupy, found):
    """The same results on the host."""
    return {name: cupy.asnumpy(value) for name, value in found.items()}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_both_engines_on_the_gpu_equal_the_cpu(cupy, case, dtype):
    host, there = on_device(cupy, case.config, dtype)
    want, allowed = results(plain, case.config, *host), allowed_for(case.config, host, dtype)
    for engine in (plain, cuda):
        found = fetched(cupy, results(engine, case.config, *there))
        assert {str(value.dtype) for value in found.values()} == {dtype}
        assert too_large(found, want, allowed) == {}, engine.__name__


@pytest.mark.parametrize("preset", ["paper", "dev2018", "released", "self_attention", "lstm"])
def test_two_runs_give_the_same_bits(cupy, preset):
    sizes = {"input_size": 10, "hidden_size": 128, "output_size": 10}
    config = SABConfig.preset(preset, **sizes, **({} if preset in ("self_attention", "lstm") else {"k_top": 10}))
    _, there = on_device(cupy, config, "float32", T=70, B=33)
    first, second = (fetched(cupy, results(cuda, config, *there)) for _ in range(2))
    for name, value in first.items():
        np.testing.assert_array_equal(value, second[name], err_msg=name)


@pytest.mark.parametrize("H", [1, 31, 128, 200, 300])
def test_sizes_around_warps_and_blocks(cupy, H):
    config = SABConfig.paper(input_size=3, hidden_size=H, output_size=2, attention_size=H + 3, k_top=4, k_trunc=7)
    host, there = on_device(cupy, config, "float64", T=20, B=3)
    wrong = errors(fetched(cupy, results(cuda, config, *there)), results(plain, config, *host))
    assert {name: error for name, error in wrong.items() if not error <= 1e-8} == {}


@pytest.mark.parametrize("shared_bytes", [20_000, None])
def test_many_slots(cupy, monkeypatch, shared_bytes):
    """A top-k in several rounds; and with little shared memory, lists and weights in global memory."""
    if shared_bytes:
        monkeypatch.setattr(launch, "shared_limit", lambda: shared_bytes)
    config = SABConfig.paper(input_size=3, hidden_size=8, output_size=2, k_top=5, k_trunc=10)
    host, there = on_device(cupy, config, "float64", T=2500, B=2)
    wrong = errors(fetched(cupy, results(cuda, config, *there)), results(plain, config, *host))
    assert {name: error for name, error in wrong.items() if not error <= 1e-6} == {}


@given(configs(), st.integers(0, 2**31))
@settings(max_examples=15, deadline=None)
def test_random_models(drawn, seed):
    try:
        cupy = resolve("cuda")
    except DeviceError as error:
        pytest.skip(str(error))
    config, T, B = drawn
    config = SABConfig(**{**config.to_dict(), **SIZES})  # kernels are compiled for each size: see the tests of sizes
    host, there = on_device(cupy, config, "float64", seed, T, B)
    found, allowed = fetched(cupy, results(cuda, config, *there)), allowed_for(config, host, "float64")
    assert too_large(found, results(plain, config, *host), allowed) == {}


def test_what_does_not_fit_is_computed_all_the_same(cupy, monkeypatch):
    monkeypatch.setattr(cuda, "_said", set())
    config = SABConfig.paper(input_size=2, hidden_size=3000, output_size=2, k_top=2)
    host, there = on_device(cupy, config, "float64", T=3, B=1)
    with pytest.warns(RuntimeWarning, match="threads") as said:
        found = [fetched(cupy, results(cuda, config, *there)) for _ in range(2)]
    assert len(said) == 1
    assert max(errors(found[0], results(plain, config, *host)).values()) <= 1e-9


def test_kernels_run_on_the_current_stream(cupy):
    config = SABConfig.paper(**SIZES, k_top=3)
    host, there = on_device(cupy, config, "float64")
    stream = cupy.cuda.Stream(non_blocking=True)
    cupy.cuda.Device().synchronize()
    with stream:
        found = results(cuda, config, *there)
        stream.synchronize()
    wrong = errors(fetched(cupy, found), results(plain, config, *host))
    assert {name: error for name, error in wrong.items() if not error <= 1e-9} == {}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("n", "k"), [(1, 1), (40, 50), (900, 9), (5000, 11), (700, 100)])
def test_topk_ranks_as_on_the_cpu(cupy, n, k, dtype):
    rng = np.random.default_rng(0)
    for rows in (
        rng.standard_normal((5, n)),
        rng.integers(0, 4, (5, n)),
        rng.choice([np.nan, np.inf, -np.inf, 0.0], (5, n)),
    ):
        rows = rows.astype(dtype)
        indices, values = (cupy.asnumpy(part) for part in topk(cupy.asarray(rows), k))
        np.testing.assert_array_equal(indices, topk(rows, k)[0])
        np.testing.assert_array_equal(values, np.take_along_axis(rows, indices, 1))


def test_tensors_come_in_and_go_out_without_a_copy(cupy):
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("PyTorch sees no GPU")
    tensor = torch.ones((2, 3), device="cuda", requires_grad=True)
    array = from_dlpack(tensor)
    assert isinstance(array, cupy.ndarray)
    assert array.data.ptr == tensor.data_ptr()
    assert torch.from_dlpack(array).data_ptr() == tensor.data_ptr()
