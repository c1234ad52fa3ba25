"""Parts that must not take each other down: one fails, is recorded, and the next one runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from sabcore.text import error_line

Part = Callable[[], Any]


class PartFailedError(Exception):
    """A part ran to its end and found something wrong; `found` is what it found."""

    def __init__(self, message: str, found: Any) -> None:
        super().__init__(message)
        self.found = found


class Outcome(NamedTuple):
    """What a part returned, or what it found before it failed; `failure` is one line, None if all is well."""

    found: Any
    failure: str | None
    seconds: float


def run_parts(parts: Mapping[str, Part], say: Callable[[str], None], after: Callable[[dict], None]) -> dict:
    """Run every part: outcomes by name.

    `say` is told what starts and how it ended. `after` gets the outcomes so far when a part is done, so that a run that
    is killed leaves a report.
    """
    outcomes: dict[str, Outcome] = {}
    for name, part in parts.items():
        say(f"{name} ...")
        outcomes[name] = _run(part)
        outcome = outcomes[name]
        say(f"{name}: {outcome.failure or 'ok'} ({outcome.seconds:.0f} s)")
        try:
            after(outcomes)
        except Exception as error:  # a file or a picture that cannot be written is no reason to stop measuring
            say(f"the report so far could not be written: {error_line(error)}")
    return outcomes


def _run(part: Part) -> Outcome:
    start = time.perf_counter()
    found, failure = None, None
    try:
        found = part()
    except PartFailedError as error:
        found, failure = error.found, str(error)
    except Exception as error:  # whatever a driver, a compiler or a library raises
        failure = error_line(error, longest=300)
    return Outcome(found, failure, time.perf_counter() - start)
