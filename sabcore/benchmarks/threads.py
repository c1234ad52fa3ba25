"""How many threads everybody may use: one number for BLAS, Numba and PyTorch alike."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import numba


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def blas_threads(n: int) -> AbstractContextManager:
    """Inside, BLAS uses n threads; where threadpoolctl is not installed, as many as it likes."""
    if not importlib.util.find_spec("threadpoolctl"):
        return nullcontext()
    return importlib.import_module("threadpoolctl").threadpool_limits(n, user_api="blas")


def load_libraries(entrants: Iterable[str]) -> None:
    """Import the libraries that these entrants are written in, no others, where they are installed."""
    for library in ("torch", "jax"):
        if any(name.startswith(library) for name in entrants) and importlib.util.find_spec(library):
            importlib.import_module(library)


@contextmanager
def use_threads(n: int) -> Iterator[None]:
    """Inside, BLAS, Numba and PyTorch, if it is loaded, use n threads. JAX always takes every core."""
    torch = sys.modules.get("torch")
    before = numba.get_num_threads(), torch and torch.get_num_threads()
    numba.set_num_threads(min(n, numba.config.NUMBA_NUM_THREADS))
    if torch:
        torch.set_num_threads(n)
    try:
        with blas_threads(n):
            yield
    finally:
        numba.set_num_threads(before[0])
        if torch:
            torch.set_num_threads(before[1])
