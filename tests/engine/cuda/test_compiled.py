"""The CUDA kernels as the compiler makes them, in the machine for PTX: right, and without a race."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def engine(compiler, tmp_path_factory):
    """What `python -m tests.engine.cuda.machine` prints in either dtype, the two side by side. In a process of its own
    each, for a process that has Numba's simulator cannot have its compiler."""
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path_factory.mktemp("cache"))}
    running = {
        dtype: subprocess.Popen(
            [sys.executable, "-m", "tests.engine.cuda.machine", dtype],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for dtype in ("float64", "float32")
    }
    said = {dtype: process.communicate() for dtype, process in running.items()}
    assert not any(process.returncode for process in running.values()), [err[-2000:] for _, err in said.values()]
    return {dtype: json.loads(out) for dtype, (out, _) in said.items()}


@pytest.mark.parametrize(("dtype", "cases"), [("float64", 40), ("float32", 12)])
def test_kernels_equal_the_plain_engine_without_a_race(engine, dtype, cases):
    found = engine[dtype]["cases"]
    assert len(found) >= cases
    wrong = {case: {name: e for name, e in of.items() if not e <= 1} for case, of in found.items()}
    assert {case: errors for case, errors in wrong.items() if errors} == {}


def test_a_kernel_that_lacks_a_barrier_is_rejected(engine, tally):
    found = engine["float64"]["mutants"]
    assert len(found) >= 20
    for barrier, fate in found.items():
        if fate:
            tally("kernels without a barrier", barrier, [fate.split(":")[0]])
    assert [barrier for barrier, fate in found.items() if not fate] == []
