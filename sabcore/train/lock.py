"""One process a folder: a lock that the system lets go of when its holder ends, however it ends."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from sabcore.errors import FormatError

LOCK = ".lock"


@contextmanager
def locked(folder: Path, use: str = "training the run in it") -> Iterator[FileLock]:
    """The folder's lock, held from now on, unless an error comes up here; the file `.lock` stays.

    `use`: what a process does that holds it, for the message to the second one.

    Raises:
        FormatError: another process holds it, or the folder or its file system has no lock to give.
    """
    lock = FileLock(folder / LOCK, timeout=0, thread_local=False)
    try:
        _acquire(lock)
    except Timeout as error:
        raise FormatError(f"{folder} is in use by another process, which is {use}") from error
    except NotImplementedError as error:
        raise FormatError(f"{folder} is on a file system without locks; choose a folder on another one") from error
    except OSError as error:
        raise FormatError(f"{folder / LOCK} cannot be locked: {error.strerror}") from error
    try:
        yield lock
    except BaseException:
        lock.release()
        raise


def _acquire(lock: FileLock) -> None:
    """The library's newer versions go on, where the system has no locks, with a file that outlives a killed holder."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lock.acquire()
    if type(lock) is not FileLock:
        lock.release()
        raise NotImplementedError
