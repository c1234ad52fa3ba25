"""How many threads everybody may use: one number for BLAS, Numba and PyTorch alike."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import numba


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def blas_threads(n: int) -> AbstractContextManager:
    """Inside, BLAS uses n threads; where threadpoolctl is not installed, as many as it likes."""
    if not importlib.util.find_spec("threadpoolctl"):
        return nullcontext()
    return importlib.import_module("threadpoolctl").threadpool_limits(n, user_api="blas")


@contextmanager
def use_threads(n: int) -> Iterator[None]:
    """Inside, BLAS, Numba and PyTorch use n threads. JAX always takes every core."""
    torch: Any = importlib.import_module("torch") if importlib.util.find_spec("torch") else None
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
