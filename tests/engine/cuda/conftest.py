"""What the tests of the CUDA engine share."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PROBE = "import numba_cuda; from tests.engine.cuda.assemble import ptxas; ptxas()"


@pytest.fixture(scope="session")
def compiler():
    """Skip where Numba's CUDA target or NVIDIA's assembler is not installed."""
    found = subprocess.run([sys.executable, "-c", PROBE], cwd=ROOT, capture_output=True, text=True)
    if found.returncode:
        pytest.skip(f'pip install "sabcore[cuda-compiler]" to compile kernels: {found.stderr.strip().splitlines()[-1]}')
