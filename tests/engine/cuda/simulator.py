"""Numba's CUDA simulator, completed and made bearable: import this before anything that imports Numba.

The simulator lacks `syncwarp`; a block's barrier does the same, as all threads of a block pass each of ours. It lacks
`libdevice`, of which the kernels use one function. And its
own barrier is a loop that polls all threads and leaves them little time; `threading.Barrier` takes a tenth of it.
A thread that leaves, or fails, while others wait at a barrier is an error, as it is (undetected) on a GPU. Numba's own
simulator gives a module its real `cuda` back when the first of several threads leaves a function of it; ours leaves
the simulated one in place.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

os.environ["NUMBA_ENABLE_CUDASIM"] = "1"

import numpy as np
from numba.cuda.simulator import kernel
from numba.cuda.simulator.kernel import BlockManager, BlockThread
from numba.cuda.simulator.kernelapi import FakeCUDAModule

PATIENCE = 60.0


def _run_block(self: Any, grid_point: Any, *args: Any) -> None:
    """All threads of one block, to the end; the first exception of any of them is raised."""
    points = list(np.ndindex(*self._block_dim))
    self.barrier = threading.Barrier(len(points))
    threads = [BlockThread(lambda: self._f(*args), self, grid_point, point, self._debug) for point in points]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    failed = [thread.exception[0] for thread in threads if thread.exception]
    if failed:
        raise next((error for error in failed if not isinstance(error, threading.BrokenBarrierError)), failed[0])


def _run_thread(self: Any, original: Any = BlockThread.run) -> None:
    original(self)
    if self.exception or self._manager.barrier.n_waiting:
        self._manager.barrier.abort()


def _wait(self: Any) -> None:
    self._manager.barrier.wait(PATIENCE)


@contextmanager
def _with_simulated_cuda(function: Any, simulated: Any) -> Iterator[None]:
    function.__globals__["cuda"] = simulated
    yield


kernel.swapped_cuda_module = _with_simulated_cuda
BlockManager.run = _run_block
BlockThread.run = _run_thread
BlockThread.syncthreads = _wait
FakeCUDAModule.libdevice = SimpleNamespace(fast_fdividef=lambda a, b: a / b)
FakeCUDAModule.syncwarp = lambda self: self.syncthreads()
