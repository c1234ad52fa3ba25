"""What a launch hands to CuPy: of this, what CuPy takes can be seen without a GPU."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sabcore import SABConfig
from sabcore.engine.cuda import launch
from sabcore.engine.cuda.build import make_build
from sabcore.engine.cuda.records import Weights


def test_records_go_by_value_and_arrays_by_address(monkeypatch):
    calls: list[tuple[Any, ...]] = []
    kernel = lambda *args, **options: calls.append((*args, options))  # noqa: E731
    monkeypatch.setattr(launch, "kernel", lambda name, build: kernel)
    build = make_build(SABConfig.lstm(input_size=1, hidden_size=1, output_size=1), "float32", 100_000)
    assert build
    array = np.zeros((2, 3))
    launch.launch("forward", build, 5, 64, 1000, Weights(array, None, None, array[1:]), array, None, np.uint64(7))
    ((grid, block, (record, given, nothing, number), options),) = calls
    assert (grid, block, options) == ((5,), (64,), {"shared_mem": 1000})
    assert record.tolist() == (array.ctypes.data, 0, 0, array[1:].ctypes.data)
    assert given is array
    assert (nothing.dtype, nothing, number) == ("uint64", 0, 7)


def test_cupy_takes_a_record_by_value():
    """It looks at the arguments before it asks for a driver, so that only a wrong one is a TypeError."""
    pytest.importorskip("cupy")
    from cupy.cuda.function import Function

    function, stream = Function.__new__(Function), SimpleNamespace(ptr=0)
    for wrong in (np.zeros(3), object()):
        with pytest.raises(TypeError):
            function((1,), (1,), (wrong,), 0, stream)
    if _has_a_driver():
        pytest.skip("with a driver, this would launch a kernel that is none; the GPU's own tests launch real ones")
    record = launch.as_struct(Weights(np.zeros((2, 3)), None, None, np.zeros(3)))
    for right in (record, np.uint64(0), np.int32(1)):
        with pytest.raises(Exception, match="river"):
            function((1,), (1,), (right,), 0, stream)


def _has_a_driver() -> bool:
    import cupy

    return bool(cupy.cuda.is_available())
