"""The safetensors container: its header read without trusting it, and a writer that turns equal data into equal bytes.

A file is 8 bytes, the header's length N as a little-endian integer; N bytes of JSON; the arrays' bytes. The safetensors
library checks that the header and the bytes fit together. It lets a name appear twice, the last one winning, and
writes the metadata in an order that changes from run to run; so both are done here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sabcore.errors import FormatError

#: A vector file names fewer than 40 tensors; a header longer than this is no honest one.
MAX_HEADER = 1 << 20
DTYPES = {"float64": "F64", "float32": "F32"}


@dataclass(frozen=True)
class Header:
    """What a file says about itself: its metadata, and the dtype and shape of each tensor by name."""

    metadata: dict[str, str]
    tensors: dict[str, tuple[str, tuple[int, ...]]]


def read_header(path: Path) -> Header:
    """The header of a safetensors file; none of its arrays is read.

    Raises:
        FormatError: no such file, or a truncated, damaged or hostile one.
    """
    if not path.is_file():
        found = "a folder" if path.is_dir() else "a device" if path.exists() else "not there"
        raise FormatError(f"it is {found}, but should be a file")
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if size < 8 or length > size - 8:
                raise FormatError(f"it is cut short, or no safetensors file: {size} bytes, too few for its header")
            if length > MAX_HEADER:
                raise FormatError(f"its header is {length} bytes long, but should be at most {MAX_HEADER}")
            return _parse(file.read(length))
    except OSError as error:
        raise FormatError(f"it cannot be read: {error.strerror or error}") from error


def strict_json(text: str | bytes, what: str) -> Any:
    """The value of a JSON text; a key that appears twice and the non-JSON words NaN and Infinity are errors.

    Raises:
        FormatError: not JSON, or nested deeper than Python follows.
    """

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in pairs:
            if name in found:
                raise FormatError(f"{what} has the key {name!r} more than once")
            found[name] = value
        return found

    def no_constant(word: str) -> Any:
        raise FormatError(f"{what} holds {word}, which is not JSON: numbers should be finite")

    try:
        return json.loads(text, object_pairs_hook=unique, parse_constant=no_constant)
    except FormatError:
        raise
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{what} is not JSON that can be read: {error}") from error


def encode(tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> bytes:
    """The bytes of a safetensors file: names in alphabetical order within a dtype, the widest dtype first."""
    order = sorted(tensors, key=lambda name: (-tensors[name].dtype.itemsize, name))
    header: dict[str, Any] = {"__metadata__": dict(metadata)}
    blocks, start = [], 0
    for name in order:
        value = tensors[name]
        block = np.ascontiguousarray(value, value.dtype.newbyteorder("<")).tobytes()
        offsets = [start, start + len(block)]
        header[name] = {"dtype": DTYPES[str(value.dtype)], "shape": list(value.shape), "data_offsets": offsets}
        blocks.append(block)
        start += len(block)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # so that the arrays start at a multiple of 8 bytes
    return len(text).to_bytes(8, "little") + text + b"".join(blocks)


def _parse(text: bytes) -> Header:
    fields = strict_json(text, "its header")
    if not isinstance(fields, dict):
        raise FormatError("its header is not a JSON object")
    metadata = fields.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not _all_text(metadata.values()):
        raise FormatError("its metadata should map names to texts")
    return Header(metadata, {name: _entry(name, entry) for name, entry in fields.items()})


def _entry(name: str, entry: Any) -> tuple[str, tuple[int, ...]]:
    dtype, shape = (entry.get("dtype"), entry.get("shape")) if isinstance(entry, dict) else (None, None)
    if not isinstance(dtype, str) or not isinstance(shape, list) or not all(type(size) is int for size in shape):
        raise FormatError(f"its header says no dtype and shape for the tensor {name!r}")
    return dtype, tuple(shape)


def _all_text(values: Iterable[Any]) -> bool:
    return all(isinstance(value, str) for value in values)
