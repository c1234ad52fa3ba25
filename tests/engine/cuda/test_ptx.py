"""The CUDA kernels compile to machine code, and into registers alone, on any machine that has the compiler."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sabcore.engine.cuda.plan import THREADS

#: Of a multiprocessor: more, and a block cannot be launched.
REGISTERS = 65536
ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("arguments", "kernels"),
    [("9 0 float32,float64 paper,self_attention,lstm,released", 4 * 2 + 1 + 2 + 1), ("8 0 float32 paper", 2 + 1)],
    ids=["sm_90", "sm_80"],
)
def test_kernels_compile_with_no_spills_and_no_stray_float64(compiler, arguments, kernels):
    command = [sys.executable, "-m", "tests.engine.cuda.assemble", *arguments.split()]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert len(found) == kernels
    assert {name: of["registers"] for name, of in found.items() if of["registers"] * THREADS > REGISTERS} == {}
    assert {name: of["spilled"] for name, of in found.items() if of["spilled"]} == {}
    assert {name: of["float64"] for name, of in found.items() if of["float64"] and "float32" in name} == {}
