"""Compile the kernels as for a GPU, without one; `python -m tests.engine.cuda.assemble 9 0` prints JSON.

For each kernel and dtype: registers and bytes spilled, as ptxas assembles the whole program and as nvJitLink does when
a kernel is launched, and how often the code computes in float64. A process compiles for one compute capability only,
because Numba keeps the device functions it has compiled.
"""

from __future__ import annotations

import importlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

from numba import cuda, typeof, types

from sabcore import SABConfig
from sabcore.engine.cuda.launch import KERNELS
from sabcore.engine.cuda.plan import make_plan

#: By name, because only this test needs it and type checkers need not know it.
nvjitlink: Any = importlib.import_module("cuda.bindings.nvjitlink")
CONFIG = SABConfig.paper(input_size=10, hidden_size=128, output_size=10, k_top=10)


def signature(name: str, dtype: str) -> tuple[Any, ...]:
    """The types of a kernel's arguments, as `run` and `largest` pass them."""
    number, plan = getattr(types, dtype), typeof(make_plan(CONFIG, 20, dtype))
    v, m, iv, im = (types.Array(of, ndim, "C") for of in (number, types.int32) for ndim in (1, 2))
    forward = (plan, v, v, v, v, m, m, m, m, m, m, m, iv, im, m, iv, m, im)
    backward = (plan, v, v, v, v, m, m, m, m, m, m, iv, im, m, iv, *[m] * 12, im)
    topk = (m, types.int64, types.Array(types.int64, 2, "C"), m, im, m)
    return {"forward": forward, "backward": backward, "topk": topk}[name]


def assemble(name: str, dtype: str, capability: tuple[int, int]) -> dict[str, int]:
    """Compile one kernel to PTX with Numba, and that to machine code in two ways."""
    kernel, threads = KERNELS[name]
    device = SimpleNamespace(compute_capability=capability)
    with mock.patch("numba.cuda.dispatcher.get_current_device", return_value=device):
        ptx, _ = cuda.compile(
            kernel,
            signature(name, dtype),
            cc=capability,
            device=False,
            abi="numba",
            output="ptx",
            launch_bounds=(threads, 1),
        )
    found = {"float64": len(re.findall(r"^\s*(?:add|sub|mul|fma|div|cvt|setp)\S*\.f64", ptx, re.MULTILINE))}
    for way, report in (("ptxas", assembled(ptx, capability)), ("linked", link(ptx, capability))):
        found[f"{way} registers"] = max(int(n) for n in re.findall(r"Used (\d+) registers", report))
        found[f"{way} spilled"] = max(int(n) for n in re.findall(r"(\d+) bytes spill stores", report))
    return found


def ptxas() -> str:
    """NVIDIA's assembler, on the PATH or in a Python package of theirs."""
    beside = [str(folder) for at in sys.path for folder in Path(at).glob("nvidia/cu*/bin")]
    found = next(filter(None, (shutil.which("ptxas", path=at) for at in (None, *beside))), None)
    if not found:
        raise FileNotFoundError("ptxas is neither on the PATH nor in a package nvidia-cuda-nvcc")
    return found


def assembled(ptx: str, capability: tuple[int, int]) -> str:
    """What ptxas says while it makes machine code of PTX."""
    command = [ptxas(), "-v", f"-arch=sm_{capability[0]}{capability[1]}", "-", "-o", "/dev/null"]
    return subprocess.run(command, input=ptx, capture_output=True, text=True, check=True).stderr


def link(ptx: str, capability: tuple[int, int]) -> str:
    """What nvJitLink says while it does the same, in a form that could be linked with other code."""
    options = [f"-arch=sm_{capability[0]}{capability[1]}", "-Xptxas=-v", "-verbose"]
    handle = nvjitlink.create(len(options), options)
    code = ptx.encode()
    nvjitlink.add_data(handle, nvjitlink.InputType.PTX, code, len(code), "kernel")
    nvjitlink.complete(handle)
    report = bytearray(nvjitlink.get_info_log_size(handle))
    nvjitlink.get_info_log(handle, report)
    nvjitlink.destroy(handle)
    return report.decode(errors="replace")


if __name__ == "__main__":
    wanted = (int(sys.argv[1]), int(sys.argv[2]))
    found = {f"{name} {dtype}": assemble(name, dtype, wanted) for name in KERNELS for dtype in ("float32", "float64")}
    json.dump(found, sys.stdout)
