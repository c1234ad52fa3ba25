"""`sab devices`: what is usable, why not, and the line that would install it."""

import json
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from sabcore.cli import devices as command
from sabcore.errors import DeviceError


@pytest.fixture
def no_gpu(monkeypatch):
    def resolve(device):
        raise DeviceError("device 'cuda' needs CuPy and an NVIDIA GPU, but there is none; install it with pip")

    monkeypatch.setattr(command, "resolve", resolve)


def with_driver(monkeypatch, version):
    runtime = SimpleNamespace(
        driverGetVersion=lambda: version,
        getDeviceProperties=lambda index: {"name": b"Fake H200", "totalGlobalMem": 2**37},
    )
    cupy = SimpleNamespace(cuda=SimpleNamespace(runtime=runtime, Device=lambda: SimpleNamespace(id=0)))
    monkeypatch.setattr(command.importlib, "import_module", lambda name: cupy)
    return cupy


def run(*arguments):
    result = CliRunner().invoke(command.devices, list(arguments))
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_cpu_is_always_usable(no_gpu):
    cpu = json.loads(run("--json"))["cpu"]
    assert cpu["usable"] is True
    assert cpu["cores"] >= 1
    assert cpu["numba"]


def test_no_gpu_is_explained_with_the_line_to_install(monkeypatch, no_gpu):
    monkeypatch.setattr(command.importlib, "import_module", lambda name: 1 // 0)
    text = run()
    assert "cpu   usable: " in text
    assert "cuda  not usable: device 'cuda' needs CuPy and an NVIDIA GPU, but there is none\n" in text
    assert (
        'install: pip install "cupy-cuda13x[ctk]"; with a driver for CUDA 12: pip install "cupy-cuda12x[ctk]"' in text
    )


def test_an_older_driver_gets_the_older_extra(monkeypatch, no_gpu):
    with_driver(monkeypatch, 12040)
    found = json.loads(run("--json"))["cuda"]
    assert (found["usable"], found["install"]) == (False, 'pip install "cupy-cuda12x[ctk]"')
    assert "cuda13x" not in run()


def test_a_card_is_named_with_its_memory_and_driver(monkeypatch):
    cupy = with_driver(monkeypatch, 13000)
    monkeypatch.setattr(command, "resolve", lambda device: cupy)
    assert "cuda  usable: Fake H200, 128 GiB, driver for CUDA 13.0, CuPy" in run()
    found = json.loads(run("--json"))["cuda"]
    assert (found["usable"], found["why_not"], found["install"]) == (True, None, None)
