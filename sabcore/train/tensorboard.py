"""A run's log as a TensorBoard event file: a curve a model and quantity, beside those of other runs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sabcore.array.files import refuse_irregular
from sabcore.errors import ConfigError, FormatError
from sabcore.text import error_line, one_line

#: More than this is no log of a run.
LARGEST_LOG = 1 << 30


def read_records(path: str | os.PathLike) -> list[dict[str, Any]]:
    """The records of a log, one a line; a last line that was cut short by a kill is left out.

    Raises:
        FormatError: no such file, or not one record a line.
    """
    refuse_irregular(path)
    try:
        with open(path, "rb") as file:
            data = file.read(LARGEST_LOG)
        records = [json.loads(line) for line in data[: data.rfind(b"\n") + 1].decode().splitlines()]
    except OSError as error:
        raise FormatError(f"{path} cannot be read: {one_line(error.strerror)}") from error
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path} is no log: {error_line(error, 200)}") from error
    for record in records:
        if (
            not isinstance(record, dict)
            or isinstance(record.get("step"), bool)
            or not isinstance(record.get("step"), int)
        ):
            raise FormatError(f"{path} is no log: a line is no record of a step")
    return records


def export(records: Iterable[Mapping[str, Any]], folder: str | os.PathLike) -> int:
    """Write every number of the records as `MODEL/QUANTITY` at its step; returns how many.

    Raises:
        ConfigError: tensorboardX is not installed. FormatError: the folder cannot be written to.
    """
    try:
        from tensorboardX import SummaryWriter
    except ImportError as error:
        raise ConfigError('the export needs tensorboardX: pip install "sabcore[tensorboard]"') from error
    count = 0
    try:
        with SummaryWriter(str(Path(folder))) as writer:
            for record in records:
                for tag, value in _numbers(record):
                    writer.add_scalar(tag, value, record["step"])
                    count += 1
    except OSError as error:
        raise FormatError(f"{folder} cannot be written: {error.strerror}") from error
    return count


def _numbers(record: Mapping[str, Any]) -> Iterable[tuple[str, float]]:
    """What is not finite stands as None in a log, and is a gap in the curve."""
    for name, found in record.items():
        for quantity, value in found.items() if isinstance(found, Mapping) else ():
            if isinstance(value, int | float) and not isinstance(value, bool):
                yield f"{name}/{quantity}", value
