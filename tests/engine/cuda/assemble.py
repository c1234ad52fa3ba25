"""Compile the kernels as for a GPU, without one; `python -m tests.engine.cuda.assemble 9 0 float32 paper` prints JSON.

For each kernel and dtype: registers and bytes spilled, as ptxas assembles them (a driver does the same when a kernel is
loaded), and how often the code computes in float64. A process compiles for one compute capability only, because Numba
keeps the device functions it has compiled.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple
from unittest import mock

import numpy as np

from sabcore import SABConfig, init_params
from sabcore.engine.cuda import largest, launch, run

SIZES: dict[str, Any] = {"input_size": 10, "hidden_size": 128, "output_size": 10}
#: What is timed, and what takes another way through the kernels: no memory, a read of every slot, a separable score.
CONFIGS = {
    "paper": SABConfig.paper(**SIZES, k_top=10),
    "lstm": SABConfig.lstm(**SIZES),
    "self_attention": SABConfig.self_attention(**SIZES),
    "released": SABConfig.released(**SIZES, k_top=10),
}


class Launch(NamedTuple):
    """A call of `sabcore.engine.cuda.launch.launch`."""

    name: str
    build: Any
    dtype: str
    blocks: int
    shared_bytes: int
    args: tuple[Any, ...]


@contextmanager
def recorded(launches: list[Launch]) -> Iterator[None]:
    """Inside, kernels are not launched but noted down; what they would have found is zeros."""

    def note(name: str, build: Any, dtype: Any, blocks: int, shared_bytes: int, *args: Any) -> None:
        launches.append(Launch(name, build, str(dtype), blocks, shared_bytes, args))

    empty = mock.patch("numpy.empty", np.zeros)
    with mock.patch.object(run, "launch", note), mock.patch.object(largest, "launch", note), empty:
        yield


def launches_of(config: SABConfig, dtype: str, T: int = 200, B: int = 2) -> list[Launch]:
    """Those of a forward and a backward pass."""
    found: list[Launch] = []
    params = {name: value.astype(dtype) for name, value in init_params(config, dtype="float64").items()}
    state = np.zeros((B, config.hidden_size), dtype)
    with recorded(found):
        y, tape = run.forward(config, params, np.ones((T, B, config.input_size), dtype), state, state)
        run.backward(config, params, tape, y)
    return found


def compile_ptx(of: Launch, capability: tuple[int, int]) -> str:
    """The PTX that a launch would load on a card of that capability."""
    device = SimpleNamespace(compute_capability=capability)
    with mock.patch("numba.cuda.dispatcher.get_current_device", return_value=device):
        return launch.compile_ptx(of.name, of.build, tuple(launch.typeof(arg) for arg in of.args), capability)


def assemble(of: Launch, capability: tuple[int, int]) -> dict[str, int]:
    """Compile what a launch needs to PTX, and that to machine code."""
    ptx = compile_ptx(of, capability)
    command = [ptxas(), "-v", f"-arch=sm_{capability[0]}{capability[1]}", "-", "-o", "/dev/null"]
    report = subprocess.run(command, input=ptx, capture_output=True, text=True, check=True).stderr
    return {
        "float64": len(re.findall(r"^\s*(?:add|sub|mul|fma|div|cvt|setp)\S*\.f64", ptx, re.MULTILINE)),
        "registers": max(int(n) for n in re.findall(r"Used (\d+) registers", report)),
        "spilled": max(int(n) for n in re.findall(r"(\d+) bytes spill stores", report)),
    }


def ptxas() -> str:
    """NVIDIA's assembler, on the PATH or in a Python package of theirs."""
    beside = [str(folder) for at in sys.path for folder in Path(at).glob("nvidia/cu*/bin")]
    found = next(filter(None, (shutil.which("ptxas", path=at) for at in (None, *beside))), None)
    if not found:
        raise FileNotFoundError("ptxas is neither on the PATH nor in a package nvidia-cuda-nvcc")
    return found


def all_launches(dtypes: Sequence[str], configs: Sequence[str]) -> Iterator[tuple[str, Launch]]:
    """The kernels of some configurations by name: of all in the first dtype, of the first also in the others."""
    for dtype in dtypes:
        for name in configs if dtype == dtypes[0] else configs[:1]:
            yield from ((f"{of.name} {name} {dtype}", of) for of in launches_of(CONFIGS[name], dtype))
        found: list[Launch] = []
        with recorded(found):
            largest.largest(np.zeros((2, 40), dtype), 5)
        yield f"topk {dtype}", found[0]


if __name__ == "__main__":
    wanted = (int(sys.argv[1]), int(sys.argv[2]))
    chosen = all_launches(sys.argv[3].split(","), sys.argv[4].split(","))
    json.dump({name: assemble(of, wanted) for name, of in chosen}, sys.stdout)
