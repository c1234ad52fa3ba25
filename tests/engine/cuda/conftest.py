"""The CUDA engine without a GPU: NumPy arrays, and kernels that g++ has compiled."""

from __future__ import annotations

import types
from typing import Any

import numpy as np
import pytest

from sabcore.engine.cuda import build, launch, run
from tests.engine.cuda import emulate


class Emulation:
    """What stands where a card would: its shared memory, how kernels are compiled, what a launch sets the program."""

    def __init__(self) -> None:
        self.shared_bytes = emulate.SHARED_BYTES
        self.sanitizer = ""
        self.source: str | None = None
        self.env: dict[str, str] = {}
        self.launches: list[tuple[str, build.Build, int]] = []

    def launch(self, name: str, build: build.Build, blocks: int, threads: int, shared_bytes: int, *args: Any) -> None:
        self.launches.append((name, build, shared_bytes))
        program = emulate.compiled(build, self.sanitizer, self.source)
        emulate.run(program, name, blocks, threads, shared_bytes, args, self.env)


@pytest.fixture
def emulation(monkeypatch: pytest.MonkeyPatch) -> Emulation:
    """`run` and `largest` work on NumPy arrays; what nobody has written is NaN."""
    emulated, make = Emulation(), build.make_build
    monkeypatch.setattr(launch, "shared_limit", lambda: emulated.shared_bytes)
    monkeypatch.setattr(launch, "launch", emulated.launch)
    monkeypatch.setattr(run, "make_build", lambda config, dtype, limit: make(config, dtype, limit, emulate.THREADS))
    numbers = types.SimpleNamespace(**{**vars(np), "empty": _unwritten})
    monkeypatch.setattr(run, "array_module", lambda array: numbers)
    return emulated


def _unwritten(shape: Any, dtype: Any) -> np.ndarray:
    """NaN, and -1."""
    array = np.empty(shape, dtype)
    array.view(np.uint8).fill(0xFF)
    return array
