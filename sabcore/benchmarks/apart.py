"""Parts of a benchmark, each in a process of its own: one peer's threads and memory cannot slow another.

`run_part("race", {...}, tick)` starts `python -m sabcore.benchmarks.apart race '{...}'`, which prints one JSON object a
line: `{"tick": text}` now and then, and `{"found": ...}` at the end.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from tempfile import TemporaryFile
from typing import Any

from sabcore import SABConfig

from . import selection
from .growth import growth
from .limits import Limits, measure_limits
from .long_run import LONG, long_run
from .peers import engines, peers
from .race import Race, Tick, Track, run_race
from .threads import use_threads
from .workload import sab_config


class PartFailedError(Exception):
    """A part's process ended without a result; says how."""


def run_part(part: str, arguments: dict[str, Any], tick: Tick) -> Any:
    """What `PARTS[part]` finds, in a process of its own.

    Raises:
        PartFailedError: that process ended without a result.
    """
    command = [sys.executable, "-m", f"{__package__}.apart", part, json.dumps(arguments)]
    paths = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [os.getcwd(), *sys.path]))}
    message: dict[str, Any] = {}
    with TemporaryFile("w+") as errors:
        with subprocess.Popen(command, env=paths, stdout=subprocess.PIPE, stderr=errors, text=True) as process:
            for line in process.stdout or ():
                message = json.loads(line)
                tick(message.get("tick", part))
        errors.seek(0)
        last_words = errors.read().splitlines()[-1:]
    if process.returncode or "found" not in message:
        raise PartFailedError(f"its process ended with {process.returncode}: {' '.join(last_words) or 'no word'}")
    return message["found"]


def _race(tick: Tick, race: dict[str, Any], seconds: float, limits: dict[str, float]) -> dict[str, Any]:
    config, entrants = SABConfig.from_dict(race.pop("config")), tuple(race.pop("entrants"))
    known = {entrant.name: entrant for entrant in [*engines(), *peers()]}
    return run_race(Race(config=config, entrants=entrants, **race), Track(known, seconds, Limits(**limits)), tick)


def _limits(tick: Tick, threads: int, seconds: float) -> dict[str, float]:
    with use_threads(threads):
        return measure_limits(threads, seconds)._asdict()


def _growth(tick: Tick, hidden: int, threads: int, **rest: Any) -> list[dict[str, Any]]:
    with use_threads(threads):
        return growth(sab_config(hidden_size=hidden), **rest)


def _selection(tick: Tick, lengths: list[int], seconds: float) -> list[dict[str, Any]]:
    return selection.race(tuple(lengths), seconds)


def _long(tick: Tick, engine: str, threads: int) -> dict[str, Any]:
    with use_threads(threads):
        return long_run(LONG, engine, tick)


PARTS: dict[str, Callable[..., Any]] = {
    "race": _race,
    "limits": _limits,
    "growth": _growth,
    "selection": _selection,
    "long": _long,
}


def main(part: str, arguments: str) -> None:
    """Run the part; what anybody else prints meanwhile goes where errors go."""
    out = sys.stdout

    def say(**message: Any) -> None:
        print(json.dumps(message), file=out, flush=True)

    with redirect_stdout(sys.stderr):
        say(found=PARTS[part](lambda text: say(tick=text), **json.loads(arguments)))


if __name__ == "__main__":
    main(*sys.argv[1:])
