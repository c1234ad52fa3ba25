"""A run's log: one line of JSON a step, appended; a checkpoint says how much of it counts, and what it should say."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from pathlib import Path
from typing import Any

from sabcore.array.files import refuse_irregular
from sabcore.errors import FormatError
from sabcore.text import error_line, one_line
from sabcore.train.checkpoint import Log

#: Bytes that are read at a time.
CHUNK = 1 << 20
_SAFELY = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class LogFile:
    """The log of a run at `path`, of which `known` is the part that the run knows of.

    A log that is no regular file is refused, and a symbolic link is not followed: a stranger's folder must not make
    this program write or cut some other file.
    """

    def __init__(self, path: Path, known: Log | None = None) -> None:
        self.path, self._digest, self._size = path, hashlib.sha256(), 0
        if known is not None:
            self._check(known)

    @property
    def known(self) -> Log:
        """What a checkpoint of now must say of the log."""
        return Log(self._size, self._digest.hexdigest())

    def append(self, record: dict) -> None:
        """Add a step's line.

        Raises:
            FormatError: it cannot be written.
        """
        line = (json.dumps(record, allow_nan=False) + "\n").encode()
        self._with(os.O_WRONLY | os.O_APPEND | os.O_CREAT, lambda handle: _write(handle, line))
        self._size += len(line)
        self._digest.update(line)

    def cut(self) -> None:
        """Remove what a killed process logged after its last checkpoint.

        Raises:
            FormatError: it cannot be cut.
        """
        self._with(os.O_RDWR, lambda handle: os.ftruncate(handle, self._size))

    def sync(self) -> None:
        """Make the log if there is none yet, and wait until all of it has reached the disk.

        Raises:
            FormatError: it cannot be written.
        """
        self._with(os.O_WRONLY | os.O_APPEND | os.O_CREAT, os.fsync)

    def records(self) -> list[dict]:
        """Every step's record that the run knows of.

        Raises:
            FormatError: the log is not what this run wrote.
        """
        data = self._with(os.O_RDONLY, lambda handle: _read(handle, self._size))
        if hashlib.sha256(data).digest() != self._digest.digest():
            raise FormatError(f"{self.path} is not the log that this run wrote: somebody has changed it")
        try:
            return [json.loads(line) for line in data.decode().splitlines()]
        except (ValueError, RecursionError) as error:
            raise FormatError(f"{self.path} is no log: {error_line(error, 200)}") from error

    def _check(self, known: Log) -> None:
        """Read the part that counts, and compare it with what the checkpoint says of it."""
        data = self._with(os.O_RDONLY, lambda handle: _read(handle, known.size))
        if len(data) < known.size:
            raise FormatError(f"{self.path} is shorter than the checkpoint says: {known.size} bytes belong to it")
        self._digest.update(data)
        self._size = known.size
        if self.known != known:
            raise FormatError(f"{self.path} is not the log that the checkpoint belongs to: somebody has changed it")

    def _with(self, flags: int, use: Any) -> Any:
        """What `use` makes of the open file."""
        refuse_irregular(self.path)
        try:
            handle = os.open(self.path, flags | _SAFELY, 0o666)
            try:
                if not stat.S_ISREG(os.fstat(handle).st_mode):
                    raise FormatError(f"{self.path} should be a regular file")
                return use(handle)
            finally:
                os.close(handle)
        except OSError as error:
            raise FormatError(f"{self.path} cannot be used as the run's log: {one_line(error.strerror)}") from error


def _write(handle: int, data: bytes) -> None:
    while data:
        data = data[os.write(handle, data) :]


def _read(handle: int, size: int) -> bytes:
    """The first `size` bytes, or all if there are fewer."""
    parts = []
    while size > 0 and (part := os.read(handle, min(size, CHUNK))):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
