"""What the safetensors library leaves to us: names that appear twice, headers without end, equal bytes for equal data.

A file is 8 bytes, the header's length as a little-endian integer; the header, JSON; the arrays' bytes. The library
checks that header and bytes fit together. It lets a name appear twice, the last one winning, and writes the metadata in
an order that changes from run to run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sabcore.errors import FormatError

#: A vector file names fewer than 40 tensors; a header longer than this is no honest one.
MAX_HEADER = 1 << 20
DTYPES = {"float64": "F64", "float32": "F32"}


def check_header(path: Path) -> None:
    """Let a file pass whose header is of honest length and names nothing twice; the library checks the rest.

    Raises:
        FormatError: naming what is wrong.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if size < 8 or length > size - 8:
                raise FormatError(f"it is cut short, or no safetensors file: {size} bytes, too few for its header")
            if length > MAX_HEADER:
                raise FormatError(f"its header is {length} bytes long, but should be at most {MAX_HEADER}")
            strict_json(file.read(length), "its header")
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
