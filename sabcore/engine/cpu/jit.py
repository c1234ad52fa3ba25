"""How everything here is compiled, and how it is run: two decorators, and one door into compiled code."""

from __future__ import annotations

import hashlib
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import scipy.linalg.cython_blas  # noqa: F401  what Numba's np.dot calls: loaded here, so that its threads can be limited
from numba import get_num_threads, njit
from numba.core import event
from threadpoolctl import ThreadpoolController

#: `error_model`: without it a check for zero keeps every loop with a division from being vectorised. `contract` fuses
#: a multiplication and an addition; NaN, infinities and the order of operations stay as written.
jit: Any = njit(error_model="numpy", fastmath={"contract"})
#: For functions that sum: LLVM may pick the order, at compile time, so that the sum runs in vector lanes.
jit_sum: Any = njit(error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
#: For a part of a loop that is written as a function for the reader: compiled where it stands, or passing dozens of
#: arrays down and down again would cost LLVM minutes.
jit_part: Any = njit(inline="always", error_model="numpy", fastmath={"contract"})


def sources() -> str:
    """A digest of every file whose functions end up in the compiled code."""
    here = Path(__file__).parent
    digest = hashlib.sha256()
    for file in [*sorted(here.glob("*.py")), here.parent / "rules.py"]:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def jit_entry(parallel: bool = False) -> Callable[[Any], Any]:
    """For what Python calls: kept on disk with all that it calls, and run without the interpreter lock.

    Numba takes what it kept for good as long as the one file with the entry's own source is unchanged. The functions
    it calls stand in other files, so the digest of them all takes the place of that file's date.
    """

    def compiled(function: Any) -> Any:
        entry = njit(cache=True, error_model="numpy", fastmath={"contract"}, nogil=True, parallel=parallel)(function)
        entry._cache._cache_file._source_stamp = _SOURCES
        return entry

    return compiled


_SOURCES = sources()
_one_at_a_time = threading.RLock()
_libraries = ThreadpoolController()


@contextmanager
def compiled_code() -> Iterator[None]:
    """Inside, BLAS keeps to one thread (the blocks are the parallelism), and a first compilation says what it does.

    One caller at a time: not every threading layer of Numba bears two.
    """
    with _one_at_a_time, _libraries.limit(limits=1, user_api="blas"), event.install_listener(*_notice()):
        yield


def over_blocks(blocks: int, function: Callable[..., None], *args: Any) -> None:
    """function(*args, b) for every block b, on as many threads as Numba is told to use.

    Threads of Python's own, for compiled code runs without the interpreter lock: a call costs some 50 us, its blocks
    many milliseconds, and a parallel loop inside Numba would compile everything twice more.
    """
    if min(blocks, get_num_threads()) == 1:
        for b in range(blocks):
            function(*args, b)
        return
    with ThreadPoolExecutor(min(blocks, get_num_threads())) as threads:  # leaving it waits, after Ctrl-C too
        for result in [threads.submit(function, *args, b) for b in range(blocks)]:
            result.result()


def _notice() -> tuple[str, event.Listener]:
    return "numba:compile", _CompileNotice()


class _CompileNotice(event.Listener):
    """Says once, before the first function compiles, why nothing seems to happen. Nothing compiles if all is cached."""

    told = False

    def on_start(self, event: event.Event) -> None:
        if not _CompileNotice.told:
            _CompileNotice.told = True
            print("sabcore: compiling the CPU engine, once, about a minute ...", file=sys.stderr, flush=True)

    def on_end(self, event: event.Event) -> None:
        """The result is not of interest."""
