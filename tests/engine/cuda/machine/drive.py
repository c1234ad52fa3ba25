"""The engine's kernels, compiled, kept, loaded and launched as on a GPU, by the very lines that do it there: only CuPy
and the card are the machine's."""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import numpy as np

from sabcore import SABConfig
from sabcore.engine import plain
from sabcore.engine.cuda import launch, run
from sabcore.engine.cuda import plan as plans
from tests.cases import Inputs
from tests.engine.cuda.machine import Kernel, Report
from tests.oracle import errors

CAPABILITY = (9, 0)
#: Of a Hopper card, by their numbers in CUDA: the capability, and what a block can have of shared memory.
ATTRIBUTES = {75: CAPABILITY[0], 76: CAPABILITY[1], 97: 227 * 1024}
#: Runs of instructions after which a kernel is taken to be endless: some hundred times what the tests' take.
LIMIT = 1_000_000
Errors = dict[str, float]


@functools.cache
def read(path: str, entry: str) -> Kernel:
    """A kernel in a file of PTX."""
    return Kernel(Path(path).read_text(), entry)


class Machine:
    """Stands in for CuPy where the engine loads and launches kernels, with `threads` to a block and so much of
    registers and shared memory for weights. `reports` and `kernels` are of the last launches; `lacking`: lines to leave
    out of a kernel."""

    def __init__(
        self,
        *,
        threads: int = plans.THREADS,
        registers: int | None = None,
        shared_bytes: int | None = None,
        count: bool = False,
    ) -> None:
        self.threads, self.shared_bytes, self.count = threads, shared_bytes, count
        held = plans.HELD_REGISTERS
        self.registers = held if registers is None else dict.fromkeys(held, registers)
        self.reports: dict[str, Report] = {}
        self.kernels: dict[str, Kernel] = {}
        self.lacking: dict[str, tuple[int, ...]] = {}

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Within this, the engine's launches are the machine's, and empty arrays hold what nobody can use."""
        runtime = SimpleNamespace(getDevice=lambda: 0, deviceGetAttribute=lambda number, device: ATTRIBUTES[number])
        cupy = SimpleNamespace(
            __name__="cupy", cuda=SimpleNamespace(runtime=runtime), RawModule=functools.partial(_Module, self)
        )
        device = SimpleNamespace(compute_capability=CAPABILITY)
        with ExitStack() as stack:
            stack.enter_context(mock.patch.dict(sys.modules, cupy=cupy))
            stack.enter_context(mock.patch.dict(launch._loaded, clear=True))
            stack.enter_context(mock.patch("numba.cuda.dispatcher.get_current_device", return_value=device))
            stack.enter_context(mock.patch.multiple(plans, THREADS=self.threads, HELD_REGISTERS=self.registers))
            if self.shared_bytes is not None:
                stack.enter_context(mock.patch.object(run, "shared_limit", return_value=self.shared_bytes))
            stack.enter_context(mock.patch.object(run, "array_module", return_value=_Wary()))
            yield


class _Module:
    """What CuPy makes of a file of PTX."""

    def __init__(self, machine: Machine, path: str) -> None:
        self.machine, self.path = machine, path

    def get_function(self, entry: str) -> _Function:
        return _Function(self.machine, self.path, entry)


class _Function:
    """What CuPy launches, as CuPy lets one: `args` for each .param, no more shared memory than was asked for."""

    def __init__(self, machine: Machine, path: str, entry: str) -> None:
        self.machine, self.kernel, self.name = machine, read(path, entry), Path(path).name.partition("-")[0]
        self.max_dynamic_shared_size_bytes = 48 * 1024

    def __call__(self, grid: tuple[int], block: tuple[int], args: tuple[Any, ...], *, shared_mem: int = 0) -> None:
        assert shared_mem <= self.max_dynamic_shared_size_bytes
        kernel = self.machine.kernels[self.name] = self.kernel
        if self.name in self.machine.lacking:
            kernel = kernel.without(*self.machine.lacking[self.name])
        report = kernel.run(grid[0], block[0], args, shared_mem, count=self.machine.count, limit=LIMIT)
        self.machine.reports[self.name] = report


class _Wary:
    """NumPy, whose empty arrays hold NaN, or indices of nothing."""

    __name__ = "numpy"

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    @staticmethod
    def empty(shape: Any, dtype: Any = float) -> np.ndarray:
        dtype = np.dtype(dtype)
        return np.full(shape, np.nan if dtype.kind == "f" else np.iinfo(dtype).min, dtype)


def results(engine: Any, config: SABConfig, params: Mapping[str, np.ndarray], inputs: Inputs) -> dict[str, np.ndarray]:
    """All that an engine computes, by name."""
    y, tape = engine.forward(config, params, inputs.x, inputs.h0, inputs.c0)
    found = {"y": y, "h": tape.h, "c": tape.c, "hhat": tape.hhat} | ({"s": tape.s} if config.has_memory else {})
    return found | {f"grad.{name}": value for name, value in engine.backward(config, params, tape, inputs.dy).items()}


def compare(machine: Machine, config: SABConfig, params: Mapping[str, np.ndarray], inputs: Inputs) -> Errors:
    """The kernels in the machine against the plain engine in float64, on numbers rounded to the inputs' type."""
    wide = {name: value.astype("float64") for name, value in params.items()}
    wanted = results(plain, config, wide, Inputs(*(each.astype("float64") for each in inputs)))
    with np.errstate(all="ignore"), machine.installed():
        found = results(run, config, params, inputs)
    return errors(found, wanted)
