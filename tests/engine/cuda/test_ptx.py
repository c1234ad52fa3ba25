"""The CUDA kernels compile to machine code, and into registers alone, on any machine that has the compiler."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PROBE = "from tests.engine.cuda.assemble import nvjitlink, ptxas; nvjitlink.version(); ptxas()"


@pytest.fixture(scope="module")
def compiler():
    """Skip where Numba's CUDA target or NVIDIA's linker is not installed."""
    found = subprocess.run([sys.executable, "-c", PROBE], cwd=ROOT, capture_output=True, text=True)
    if found.returncode:
        pytest.skip(f'pip install "sabcore[cuda-compiler]" to compile kernels: {found.stderr.strip().splitlines()[-1]}')


@pytest.mark.parametrize("capability", ["8 0", "9 0"])
def test_kernels_compile_with_no_spills_and_no_stray_float64(compiler, capability):
    command = [sys.executable, "-m", "tests.engine.cuda.assemble", *capability.split()]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert len(found) == 6
    single = {name: of for name, of in found.items() if "float32" in name}
    assert {name: of["ptxas spilled"] for name, of in single.items() if of["ptxas spilled"]} == {}
    assert {name: of["float64"] for name, of in single.items() if of["float64"]} == {}
    limits = {"forward": 128, "backward": 168, "topk": 128}
    for name, of in found.items():
        assert max(of["ptxas registers"], of["linked registers"]) <= limits[name.split()[0]], name
    if capability == "9 0":
        assert {name: of["linked spilled"] for name, of in single.items() if of["linked spilled"]} == {}
