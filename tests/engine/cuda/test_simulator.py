"""The CUDA kernels in Numba's simulator: every case of the fixed set, and the edges, against the plain engine."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cases import CASES

ROOT = Path(__file__).parents[3]
#: As in `tests.engine.cuda.simulate`, which cannot be imported here; float32 rounds to 1e-6 on these cases.
ALLOWED, ALLOWED_FLOAT32 = 1e-10, 1e-3


def simulated(group: str) -> dict[str, dict[str, float]]:
    """The scaled error of each tensor of each case of a group of `tests.engine.cuda.simulate`."""
    command = [sys.executable, "-m", "tests.engine.cuda.simulate", group]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def too_large(found: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    """The errors that are not small enough, by case and tensor."""
    assert found, "nothing was compared"
    allowed = {case: ALLOWED_FLOAT32 if "float32" in case else ALLOWED for case in found}
    wrong = {case: {name: e for name, e in of.items() if not e <= allowed[case]} for case, of in found.items()}
    return {case: errors for case, errors in wrong.items() if errors}


@pytest.mark.parametrize("preset", ["paper", "dev2018", "released", "self_attention", "lstm"])
def test_kernels_equal_the_plain_engine(preset):
    found = simulated(preset)
    assert set(found) == {str(case) for case in CASES if case.preset == preset}
    assert too_large(found) == {}


def test_edges():
    found = simulated("edges")
    assert too_large(found) == {}


def test_topk_ranks_as_on_the_cpu():
    assert too_large(simulated("topk")) == {}


def test_kernels_with_one_thing_wrong_are_rejected(tally):
    found = simulated("mutants")
    assert len(found) >= 10
    for name, errors in found.items():
        tally("kernels", name, [tensor for tensor, error in errors.items() if not error <= ALLOWED])
    assert [name for name in found if name not in too_large(found)] == []
