"""Reading and writing `sab-vectors` files."""

from __future__ import annotations

import os
from collections.abc import Mapping

from sabcore.array.files import write_tensors
from sabcore.errors import FormatError
from sabcore.vectors.lint import examine, lint_vector
from sabcore.vectors.model import version_of, write_config
from sabcore.vectors.record import Vector

#: How many findings an error message lists before it only counts them.
LISTED = 3


def read(path: str | os.PathLike) -> Vector:
    """The vector in the file at `path`, in the file's own dtypes. Nothing in it is executed or unpickled.

    Raises:
        FormatError: naming the file and what is wrong with it, in one line.
    """
    vector, findings = examine(path)
    if vector is None:
        raise FormatError(f"{path}: {summary(findings)}")
    return vector


def write(path: str | os.PathLike, vector: Vector, notes: Mapping[str, str] | None = None) -> None:
    """Write a vector to `path`, whole or not at all. Equal vectors make equal bytes.

    `notes` go into the metadata, beside what the format asks for.

    Raises:
        FormatError: arrays that do not belong to the config, or a file that cannot be written.
    """
    if findings := lint_vector(vector):
        raise FormatError(f"{path} is not written: {summary(findings)}")
    version, config = version_of(vector.config), write_config(vector.config)
    metadata = {"format": "sab-vectors", "version": version, "config": config, **(notes or {})}
    write_tensors(path, vector.tensors(), metadata)


def summary(findings: list[str]) -> str:
    """The first findings and the number of the others, in one line."""
    more = f"; and {len(findings) - LISTED} more" if len(findings) > LISTED else ""
    return "; ".join(findings[:LISTED]) + more
