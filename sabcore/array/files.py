"""Files of named arrays: safetensors, written whole or not at all, read without trusting them."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import stat
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from sabcore.errors import FormatError
from sabcore.text import one_line

#: A half-written file that nobody touched for so many seconds belongs to a writer that was killed.
ABANDONED = 3600.0


def write_tensors(path: str | os.PathLike, tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> None:
    """Write named NumPy arrays and text metadata to one `.safetensors` file, atomically.

    Whatever happens (a full disk, SIGKILL), `path` holds either what it held before or the complete new file.

    Raises:
        FormatError: as `write_atomically`.
    """
    write_atomically(path, encode(tensors, metadata))


def encode(tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> bytes:
    """The bytes of a safetensors file: equal for equal arrays, in any order, and equal metadata, in the same order.

    The library would write the metadata in an order that changes from run to run.
    """
    data = save({name: np.asarray(value, order="C") for name, value in tensors.items()})
    size = int.from_bytes(data[:8], "little")
    header = {"__metadata__": dict(metadata), **json.loads(data[8 : 8 + size])}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # so that the arrays start at a multiple of 8 bytes
    return len(text).to_bytes(8, "little") + text + data[8 + size :]


def write_atomically(path: str | os.PathLike, data: bytes) -> None:
    """Replace the file at `path` by `data` in one step that cannot be seen half-done.

    Raises:
        FormatError: the folder is missing or cannot be written to, or what is at `path` is no regular file (a device,
            a pipe, a symbolic link) and is left as it is.
    """
    path = Path(path)
    refuse_irregular(path)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        remove_leftovers(path, ABANDONED)
        with temporary.open("xb") as file:  # new, and with the permissions of any other file
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException as error:  # Ctrl-C leaves no litter either
        with contextlib.suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError):
            raise FormatError(f"{path} cannot be written: {error.strerror or error}") from error
        raise


def refuse_irregular(path: str | os.PathLike) -> None:
    """Nothing happens if `path` is a regular file or not there.

    Raises:
        FormatError: it is something else; a symbolic link is not followed.
    """
    with contextlib.suppress(OSError):  # a file that cannot be looked at will say so when it is used
        mode = os.lstat(path).st_mode
        if not stat.S_ISREG(mode):
            raise FormatError(f"{path} is {_kind(mode)}, but should be a regular file, or not there")


def remove_leftovers(path: str | os.PathLike, age: float = 0.0) -> None:
    """Remove what killed writers of `path` left half-written, if it was not touched for `age` seconds.

    Raises:
        OSError: the folder cannot be read.
    """
    path = Path(path)
    name = re.compile(re.escape(f".{path.name}.") + r"[0-9a-f]{16}\.tmp")
    with os.scandir(path.parent) as entries:
        for entry in entries:
            if name.fullmatch(entry.name) and time.time() - entry.stat(follow_symlinks=False).st_mtime >= age:
                with contextlib.suppress(OSError):
                    os.unlink(entry.path)


def read_tensors(path: str | os.PathLike) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The arrays and the metadata of a `.safetensors` file. Nothing in it is executed or unpickled.

    Raises:
        FormatError: no such file, or a truncated, damaged or foreign one.
    """
    with _opened(path) as file:
        return {name: file.get_tensor(name) for name in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118


def describe_tensors(path: str | os.PathLike) -> tuple[dict[str, tuple[str, tuple[int, ...]]], dict[str, str]]:
    """The dtype, as "F64", and the shape of each array of a `.safetensors` file, and the metadata; no array is read.

    Raises:
        FormatError: no such file, or a truncated, damaged or foreign one.
    """
    with _opened(path) as file:
        slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
        described = {name: (part.get_dtype(), tuple(part.get_shape())) for name, part in slices.items()}
        return described, dict(file.metadata() or {})


@contextlib.contextmanager
def _opened(path: str | os.PathLike) -> Iterator[Any]:
    """The library's lazy reader of a file, and one kind of error for whatever it meets there."""
    path = Path(path)
    if not path.is_file():
        found = "a folder" if path.is_dir() else "a device" if path.exists() else "not there"
        raise FormatError(f"{path} is {found}, but should be a file")
    try:
        with safe_open(path, framework="numpy") as file:
            yield file
    except (SafetensorError, OSError, ValueError, TypeError, KeyError, AttributeError, MemoryError) as error:
        raise FormatError(f"{path} is not a readable safetensors file: {one_line(error)}") from error


def _kind(mode: int) -> str:
    kinds = {
        stat.S_IFDIR: "a folder",
        stat.S_IFLNK: "a symbolic link",
        stat.S_IFIFO: "a pipe",
        stat.S_IFSOCK: "a socket",
    }
    return kinds.get(stat.S_IFMT(mode), "a device")
