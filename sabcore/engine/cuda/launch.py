"""Compiling the kernels, once a process, and launching them: on CuPy's current stream, or in Numba's simulator."""

from __future__ import annotations

import functools
import warnings
from typing import Any

from numba import config, cuda

from sabcore.engine.cuda.backward import backward_kernel
from sabcore.engine.cuda.forward import forward_kernel
from sabcore.engine.cuda.plan import BACKWARD_THREADS, FORWARD_THREADS
from sabcore.engine.cuda.topk import topk_kernel

#: Whether there is no GPU but NUMBA_ENABLE_CUDASIM=1.
SIMULATED = bool(getattr(config, "ENABLE_CUDASIM", False))
#: Each with the most threads it is ever launched with.
KERNELS = {
    "forward": (forward_kernel, FORWARD_THREADS),
    "backward": (backward_kernel, BACKWARD_THREADS),
    "topk": (topk_kernel, FORWARD_THREADS),
}


@functools.cache
def compiled(name: str) -> Any:
    """The kernel called `name`, ready to launch; it is compiled when it first meets a dtype (some ten seconds).

    The bounds, so many threads and no fewer than one block on a multiprocessor, tell the compiler how many registers
    it may use: no more, or the launch fails, and as many, or it would make do with half and use memory instead.
    """
    kernel, most_threads = KERNELS[name]
    if SIMULATED:
        return cuda.jit(kernel)
    return cuda.jit(launch_bounds=(most_threads, 1))(kernel)


def launch(name: str, blocks: int, threads: int, shared_bytes: int, *args: Any) -> None:
    """Run a kernel on CuPy's current stream. Arrays are passed as they are: CuPy's own, C-contiguous."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Numba finds fewer than 128 blocks worth a warning; there is one a batch row
        configured = compiled(name)[blocks, threads, _stream(), shared_bytes]
    configured(*args)


def _stream() -> Any:
    """CuPy's current stream, for Numba. A null pointer is CUDA's legacy default stream, which is also number 1."""
    if SIMULATED:
        return 0
    import cupy  # not before it is needed: the simulator does without

    return cuda.external_stream(cupy.cuda.get_current_stream().ptr or 1)
