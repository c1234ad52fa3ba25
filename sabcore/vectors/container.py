"""What the safetensors library leaves to us: names that appear twice, headers without end.

A file is 8 bytes, the header's length as a little-endian integer; the header, JSON; the arrays' bytes. The library
checks that header and bytes fit together. It lets a name appear twice, the last one winning.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

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
