"""A pool of buffers: a training step finds those of the step before.

Fresh large arrays cost a page fault every 4 KiB, as much as the arithmetic on them. A set of buffers that leaves the
pool is on loan, and returns when nobody refers to the loan any more: no tape, and no thread that still computes. Users
get copies or results, never a view of a buffer, so nothing that somebody holds is ever written again.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import Any


class Pool:
    """Sets of buffers that nobody owns, by what they were made for. It keeps those of the latest `keep` kinds."""

    def __init__(self, keep: int = 4) -> None:
        self._keep, self._lock = keep, threading.RLock()
        self._free: dict[Any, list[Any]] = {}

    def take(self, key: Any, make: Callable[[], Any]) -> Any:
        """A free set of this kind, whatever it holds, or a new one."""
        with self._lock:
            free = self._free.pop(key, [])
            self._free[key] = free  # last in the dict: the latest used
            while len(self._free) > self._keep:
                del self._free[next(iter(self._free))]
            if free:
                return free.pop()
        return make()

    def give_back(self, key: Any, buffers: Any) -> None:
        """Its owner is gone. A kind that has not been asked for lately is let go."""
        with self._lock:
            if key in self._free:
                self._free[key].append(buffers)

    def clear(self) -> None:
        """Let go of everything."""
        with self._lock:
            self._free.clear()

    def start_anew(self) -> None:
        """Empty, with a lock of its own: in a forked child, where no thread is left that would release the old one."""
        self._lock, self._free = threading.RLock(), {}


POOL = Pool()


class Loan:
    """A set of buffers from the pool, `buffers`, which returns to it when the last reference to the loan is gone.

    Whoever uses the buffers refers to the loan, threads included: after a second Ctrl-C they may outlive the call that
    started them. A shallow copy of what holds a loan shares it; a deep or unpickled one has arrays that no pool knows.
    """

    def __init__(self, key: Any, make: Callable[[], Any]) -> None:
        self.buffers = POOL.take(key, make)
        weakref.finalize(self, POOL.give_back, key, self.buffers).atexit = False
