"""A stand-in for CuPy: the logic of the GPU command runs on a machine without a GPU."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from sabcore.benchmarks.gpu import __main__ as command
from sabcore.benchmarks.gpu import timing
from sabcore.engine import ENGINES

ROOT = Path(__file__).parents[3]


TINY = {"input_size": 2, "hidden_size": 4, "output_size": 3}


class FakeEvent:
    """A CUDA event on a machine that has none."""

    def record(self):
        pass

    def synchronize(self):
        pass


class FakeCuPy(SimpleNamespace):
    """NumPy with as much of `cupy.cuda` as the benchmarks touch."""

    def __getattr__(self, name):
        return getattr(np, name)


@pytest.fixture
def cupy(monkeypatch):
    facts = {"name": b"Fake H200", "totalGlobalMem": 2**37, "multiProcessorCount": 132, "major": 9, "minor": 0}
    runtime = SimpleNamespace(
        getDeviceProperties=lambda index: facts, driverGetVersion=lambda: 13000, runtimeGetVersion=lambda: 13000
    )
    cuda = SimpleNamespace(
        Event=FakeEvent,
        Device=lambda: SimpleNamespace(id=0, synchronize=lambda: None),
        get_elapsed_time=lambda start, stop: 2.0,
        runtime=runtime,
        memory=SimpleNamespace(OutOfMemoryError=ZeroDivisionError),
    )
    pool = SimpleNamespace(free_all_blocks=lambda: None)
    fake = FakeCuPy(cuda=cuda, get_default_memory_pool=lambda: pool)
    monkeypatch.setattr("sabcore.benchmarks.peers.engine.resolve", lambda device: fake)
    monkeypatch.setattr(command, "resolve", lambda device: fake)
    monkeypatch.setattr("sabcore.benchmarks.peers.engine.ENGINES", {"plain": ENGINES["plain"]})
    monkeypatch.setattr(timing, "peers", lambda device: [])
    return fake
