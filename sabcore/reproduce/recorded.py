"""Results as they are kept in the package: one JSON file a table, which `sab reproduce TABLE --json` printed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sabcore.errors import FormatError
from sabcore.text import error_line

#: Where the recorded results are.
RESULTS = Path(__file__).parent / "results"
#: What every result says, and nothing else; see `sabcore.reproduce.cell.measure`.
FIELDS = {"row", "seed", "digest", "sequences", "updates", "seconds", "T", "attempt", "skipped", "found",
          "versions", "machine", "commit"}  # fmt: skip

#: One cell's result, JSON-ready.
Result = dict[str, Any]


def recorded(name: str) -> list[Result]:
    """What was recorded of the table of that name; nothing if there is no file.

    Raises:
        FormatError: a file that holds something else.
    """
    path = RESULTS / f"{name}.json"
    return read_results(path) if path.exists() else []


def read_results(path: Path) -> list[Result]:
    """The results in a file.

    Raises:
        FormatError: no such file, or one that holds something else.
    """
    try:
        results = json.loads(path.read_text(encoding="utf-8"))["results"]
        wrong = [result for result in results if set(result) != FIELDS]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise FormatError(f"{path} holds no results ({error_line(error)})") from error
    if wrong:
        raise FormatError(f"{path} holds a result with {', '.join(wrong[0])}, but should have {', '.join(FIELDS)}")
    return results
