"""How everything here is compiled, and how it is run: four decorators, and one door into compiled code."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, NamedTuple

import numba
import scipy.linalg.cython_blas  # noqa: F401  what Numba's np.dot calls: loaded here, so that its threads can be limited
from numba import get_num_threads, njit
from numba.core import event
from threadpoolctl import ThreadpoolController

from sabcore.engine.cpu.cache import FOLDER, compile_entry
from sabcore.engine.cpu.pool import POOL, Loan
from sabcore.errors import DeviceError

#: `error_model`: without it a check for zero keeps every loop with a division from being vectorised. `contract` fuses
#: a multiplication and an addition; NaN, infinities and the order of operations stay as written.
jit: Any = njit(error_model="numpy", fastmath={"contract"})
#: For functions that sum: LLVM may pick the order, at compile time, so that the sum runs in vector lanes.
jit_sum: Any = njit(error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
#: For a part of a loop that is written as a function for the reader: compiled where it stands, or passing dozens of
#: arrays down and down again would cost LLVM minutes.
jit_part: Any = njit(inline="always", error_model="numpy", fastmath={"contract"})


def jit_entry(parallel: bool = False) -> Callable[[Any], Any]:
    """For what Python calls: kept on disk with all that it calls, and run without the interpreter lock."""

    def compiled(function: Any) -> Any:
        if numba.config.DISABLE_JIT:
            return function
        options = {"error_model": "numpy", "fastmath": {"contract"}, "nogil": True, "parallel": parallel}
        return compile_entry(function, FOLDER, **options)

    return compiled


class _Caller(NamedTuple):
    """Who is inside compiled code."""

    thread: int  # its identifier
    threads: list[tuple[Any, int]]  # each BLAS library, and how many threads it had before


_one_at_a_time = threading.RLock()
_callers: list[_Caller] = []
_compiler_is_stuck = False  # in this process, for ever


class _Compiling(event.Listener):
    """Who holds the lock of Numba's compiler, or waits for it."""

    def __init__(self) -> None:
        self.threads: list[int] = []

    def on_start(self, event: event.Event) -> None:
        self.threads.append(threading.get_ident())

    def on_end(self, event: event.Event) -> None:
        if threading.get_ident() in self.threads:  # else it began before this module was loaded
            self.threads.remove(threading.get_ident())


_COMPILING = _Compiling()
event.register("numba:compiler_lock", _COMPILING)
_libraries = ThreadpoolController()
_blas = _libraries.select(user_api="blas").lib_controllers


@contextmanager
def compiled_code() -> Iterator[None]:
    """Inside, BLAS keeps to one thread (the blocks are the parallelism), and a first compilation says what it does.

    One caller at a time: not every threading layer of Numba bears two.

    Raises:
        DeviceError: in a process that was forked while Numba was compiling in another thread.
    """
    if _compiler_is_stuck:
        raise DeviceError(
            "this process was forked while Numba was compiling, and would wait for ever: fork before the first pass or "
            "after it, or spawn processes instead"
        )
    with _one_at_a_time, event.install_listener(*_notice()):
        _callers.append(_Caller(threading.get_ident(), [(library, library.num_threads) for library in _blas]))
        try:
            with _libraries.limit(limits=1, user_api="blas"):  # never without a caller who knows what was before
                yield
        finally:
            _callers.pop()


def _start_anew() -> None:
    """In a forked child, where other threads do not exist: one that was inside would never leave, nor free a lock.

    It may hold the lock without being among the callers: not yet, or no more. The compiler's locks cannot be freed.
    """
    global _one_at_a_time, _compiler_is_stuck
    _compiler_is_stuck = bool(_COMPILING.threads)
    POOL.start_anew()
    if _callers and _callers[0].thread == threading.get_ident():
        return
    _one_at_a_time = threading.RLock()
    while _callers:
        for library, threads in _callers.pop().threads:
            library.set_num_threads(threads)


if hasattr(os, "register_at_fork"):  # not where there is no fork
    os.register_at_fork(after_in_child=_start_anew)


def over_blocks(blocks: int, entry: Callable[..., None], *args: Any) -> None:
    """entry(*args, b) for every block b, on as many threads as Numba is told to use. A `Loan` among the arguments
    stands for its buffers, and lasts until the last thread is done, also if a second Ctrl-C ends the wait for them.

    Threads of Python's own, for compiled code runs without the interpreter lock: a call costs microseconds, its
    blocks milliseconds, and a parallel loop inside Numba would compile everything twice more.
    """

    def one(b: int) -> None:
        entry(*(arg.buffers if isinstance(arg, Loan) else arg for arg in args), b)

    if min(blocks, get_num_threads()) == 1:
        for b in range(blocks):
            one(b)
        return
    with ThreadPoolExecutor(min(blocks, get_num_threads())) as threads:  # leaving it waits, after Ctrl-C too
        try:
            for result in [threads.submit(one, b) for b in range(blocks)]:
                result.result()
        except BaseException:
            threads.shutdown(wait=False, cancel_futures=True)  # what has not begun need not begin
            raise


def _notice() -> tuple[str, event.Listener]:
    return "numba:compile", _CompileNotice()


class _CompileNotice(event.Listener):
    """Says once, before the first function compiles, why nothing seems to happen. Nothing compiles if all is cached."""

    told = False

    def on_start(self, event: event.Event) -> None:
        if not _CompileNotice.told:
            _CompileNotice.told = True
            once = "once" if FOLDER else "for this process, for no folder can be written to (see NUMBA_CACHE_DIR)"
            print(f"sabcore: compiling the CPU engine, {once}, about a minute ...", file=sys.stderr, flush=True)

    def on_end(self, event: event.Event) -> None:
        """The result is not of interest."""
