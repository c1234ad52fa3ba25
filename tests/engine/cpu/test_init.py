"""The door: the same bits whatever the threads, chunks, layout of arrays, and gates kept or not."""

import numba
import numpy as np
import pytest

from sabcore.engine import cpu
from sabcore.model.config import SABConfig
from tests.engine.cpu.agreement import SIZES, make_case, run

two_threads = pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="one core only")


def assert_same_bits(got: dict, want: dict) -> None:
    for name, value in want.items():
        assert got[name].tobytes() == value.tobytes(), name


@two_threads
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("B", [2, 13, 40])
def test_threads_do_not_change_a_bit(B: int, dtype: str) -> None:
    config = SABConfig.paper(**SIZES, k_top=3, k_trunc=5)
    case = make_case(config, T=70, B=B, dtype=dtype)
    results = []
    for threads in (1, 2):
        numba.set_num_threads(threads)
        results.append(run(cpu, config, case)[0])
    assert_same_bits(*results)


@pytest.mark.parametrize("B", [1, 5])
@pytest.mark.parametrize("truncation", [{"k_trunc": 4}, {"k_trunc": 4, "truncation": "sliding"}])
def test_chunks_do_not_change_a_bit(B: int, truncation: dict, monkeypatch) -> None:
    config = SABConfig.dev2018(**SIZES, k_top=2, k_att=3, **truncation)
    case = make_case(config, T=900, B=B)
    whole, _ = run(cpu, config, case)
    monkeypatch.setattr(cpu, "CHUNK", 1)
    assert_same_bits(run(cpu, config, case)[0], whole)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("B", [1, 5])
def test_recomputed_gates_are_the_same_bits(B: int, dtype: str) -> None:
    config = SABConfig.paper(**SIZES, k_top=2, k_trunc=4)
    case = make_case(config, T=700, B=B, dtype=dtype)
    kept, tape = run(cpu, config, case)
    again, lean = run(cpu, config, case, recompute=True)
    assert_same_bits(again, kept)
    assert lean.recompute
    assert not tape.recompute
    assert lean.nbytes < 0.75 * tape.nbytes


def test_progress_reaches_the_end(monkeypatch) -> None:
    monkeypatch.setattr(cpu, "CHUNK", 1)
    config = SABConfig.paper(**SIZES, k_top=2)
    params, x, h0, c0, dy = make_case(config, T=600, B=2)
    seen: list[tuple[int, int]] = []
    _, tape = cpu.forward(config, params, x, h0, c0, progress=lambda done, total: seen.append((done, total)))
    assert seen == sorted(seen)
    assert len(seen) > 1
    assert seen[-1] == (600, 600)
    seen.clear()
    cpu.backward(config, params, tape, dy, progress=lambda done, total: seen.append((done, total)))
    assert seen == sorted(seen)
    assert len(seen) > 1
    assert seen[-1] == (600, 600)


def test_an_interrupted_pass_leaves_nothing_behind(monkeypatch) -> None:
    """Ctrl-C arrives between chunks; the half-filled buffers must not turn up in the next pass."""
    monkeypatch.setattr(cpu, "CHUNK", 1)
    config = SABConfig.paper(**SIZES, k_top=2)
    case = params, x, h0, c0, dy = make_case(config, T=600, B=2)
    want, tape = run(cpu, config, case)

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cpu.backward(config, params, tape, dy, progress=stop)
    with pytest.raises(KeyboardInterrupt):
        cpu.forward(config, params, x, h0, c0, progress=stop)
    assert_same_bits(run(cpu, config, case)[0], want)


def test_read_only_and_strided_arguments() -> None:
    config = SABConfig.paper(**SIZES, k_top=2)
    params, x, h0, c0, dy = make_case(config, T=9, B=3)
    want, _ = run(cpu, config, (params, x, h0, c0, dy))
    strided = {name: np.asfortranarray(value) for name, value in params.items()}
    x, dy = x.transpose(1, 0, 2).copy().transpose(1, 0, 2), np.repeat(dy, 2, axis=0)[::2]
    x.flags.writeable = False
    assert_same_bits(run(cpu, config, (strided, x, h0, c0, dy))[0], want)
