"""Device selection, with stand-ins for CuPy: working, absent, broken, without a GPU, and computing nonsense."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from sabcore.array.device import resolve
from sabcore.errors import DeviceError


def stand_in(available=True, tanh=np.tanh):
    def is_available():
        if isinstance(available, Exception):
            raise available
        return available

    return SimpleNamespace(ones=np.ones, tanh=tanh, cuda=SimpleNamespace(is_available=is_available))


UNUSABLE = {
    "absent": None,  # makes `import cupy` raise ModuleNotFoundError
    "no gpu": stand_in(available=False),
    "no driver": stand_in(available=OSError("libcuda.so.1: cannot open\nshared object file")),
    "nonsense": stand_in(tanh=np.zeros_like),
    "nan": stand_in(tanh=lambda a: a * np.nan),
}


def test_cpu_is_numpy_and_never_looks_for_cupy(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", UNUSABLE["absent"])
    assert resolve("cpu") is np


def test_a_working_cupy_is_used(monkeypatch):
    cupy = stand_in()
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    assert resolve("cuda") is cupy
    assert resolve("auto") is cupy


@pytest.mark.parametrize("why", UNUSABLE)
def test_an_unusable_cupy_is_explained_in_one_line_or_passed_over(monkeypatch, why):
    monkeypatch.setitem(sys.modules, "cupy", UNUSABLE[why])
    assert resolve("auto") is np
    with pytest.raises(DeviceError, match=r"needs CuPy and an NVIDIA.*pip install \"cupy-cuda13x\[ctk\]\"") as caught:
        resolve("cuda")
    assert "\n" not in str(caught.value)


def test_an_unknown_device_is_refused():
    with pytest.raises(DeviceError, match="'tpu', but should be one of auto, cpu, cuda"):
        resolve("tpu")
