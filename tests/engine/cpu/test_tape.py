"""What a tape holds, how long it is valid, and that its buffers come back."""

import gc
from typing import Any

import numpy as np
import pytest

from sabcore.engine import cpu, plain
from sabcore.engine.cpu.pool import POOL
from sabcore.model.config import SABConfig
from tests.engine.cpu.agreement import SIZES, make_case, run


@pytest.mark.parametrize("preset", ["paper", "dev2018", "lstm"])
@pytest.mark.parametrize("B", [1, 5])
def test_states_are_the_plain_tapes(preset: str, B: int) -> None:
    config = SABConfig.preset(preset, **SIZES, k_top=0 if preset == "lstm" else 3)
    case = make_case(config, T=8, B=B)
    tapes = run(cpu, config, case)[1], run(plain, config, case)[1]
    for name in ("h", "c", "hhat", "s"):
        got, want = (getattr(tape, name) for tape in tapes)
        assert (got is None) == (want is None) == (name == "s" and preset == "lstm")
        if want is not None:
            assert want.any()
            np.testing.assert_allclose(got, want, rtol=0, atol=1e-11, err_msg=name)
    assert tapes[0].x is case[1]


def test_two_tapes_alive_do_not_share_buffers() -> None:
    config = SABConfig.paper(**SIZES, k_top=3)
    cases = [make_case(config, T=20, B=4, seed=seed) for seed in (1, 2)]
    want = [run(cpu, config, case)[0] for case in cases]
    tapes = [cpu.forward(config, *case[:4])[1] for case in cases]
    for case, tape, expected in zip(cases, tapes, want, strict=True):
        for _ in range(2):  # a tape may be used again
            got = cpu.backward(config, case[0], tape, case[4])
            assert all((value == expected[f"grad.{name}"]).all() for name, value in got.items())


@pytest.mark.parametrize("B", [1, 4])
def test_views_outlive_the_tape(B: int) -> None:
    """The next pass takes the pooled buffers of a tape that is gone, but never those that somebody still looks into."""
    config = SABConfig.paper(**SIZES, k_top=3)
    first, second = (make_case(config, T=20, B=B, seed=seed) for seed in (1, 2))
    POOL.clear()
    y, tape = cpu.forward(config, *first[:4])
    seen: dict[str, Any] = {"y": y, "h": tape.h, "c": tape.c, "s": tape.s}
    kept = {name: value.copy() for name, value in seen.items()}
    del tape
    gc.collect()
    other, _ = cpu.forward(config, *second[:4])
    assert (other != kept["y"]).any()
    for name, value in kept.items():
        assert (seen[name] == value).all(), name


def test_a_released_tapes_buffers_are_used_again() -> None:
    config = SABConfig.paper(**SIZES, k_top=3)
    case = make_case(config, T=21, B=4)
    POOL.clear()
    _, tape = cpu.forward(config, *case[:4])
    address = tape.buffers.h.ctypes.data
    del tape
    gc.collect()
    _, tape = cpu.forward(config, *case[:4])
    assert tape.buffers.h.ctypes.data == address
    _, other = cpu.forward(config, *case[:4])
    assert other.buffers.h.ctypes.data != address
