"""The reader's file in the engine's place: right, which named mistake it equals, or where it first differs."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import NamedTuple

from sabcore.array.files import read_tensors
from sabcore.compare.report import line
from sabcore.compare.tensors import TensorReport, compare
from sabcore.engine import backward, forward
from sabcore.errors import FormatError
from sabcore.exercise.catalogue import Exercise
from sabcore.exercise.sheet import exercise, still_blank, undefined
from sabcore.exercise.worker import CASES, Results, case_results
from sabcore.text import one_line
from sabcore.validate.mistakes import MUTANTS, Mistake
from sabcore.validate.mistakes.build import build

#: Two right programs differ by rounding alone: no case comes near a tie, which a test asks an oracle.
ALLOWED = 1e-9
#: Seconds that the reader's code may take; the engine's own takes less than one.
TIME_LIMIT = 30
#: No honest answer is longer.
MOST_CHARACTERS = 100_000


class Verdict(NamedTuple):
    """What the reader is told: `right`, and a text of a line or two."""

    right: bool
    text: str


def check(number: int, path: Path, time_limit: float = TIME_LIMIT) -> Verdict:
    """Judge the reader's file for an exercise.

    Raises:
        FormatError: no such exercise, or a file that cannot be read, is still blank, lacks a part, fails, or does not
            come to an end.
    """
    one, text = exercise(number), _read(path)
    if still_blank(text):
        raise FormatError(f"{path} still has a blank: replace the ... of its line")
    if undefined(one, text):
        raise FormatError(f"{path} should define {', '.join(one.names)}, as the file that sab exercise wrote does")
    got, want = _results_of_reader(one, path, time_limit), case_results(partial(forward, engine="plain"), backward)
    reports = compare(got, {name: value for name, value in want.items() if _wanted(one, name)}, ALLOWED)
    failed = [report for report in reports if not report.passed]
    if not failed:
        return Verdict(True, one.answer)
    if (mistake := _same_mistake(one, got)) is not None:
        return Verdict(False, f"This equals a named mistake, {mistake.name!r}: {mistake.why}")
    return Verdict(False, _first_difference(failed))


def _read(path: Path) -> str:
    if not path.is_file():
        raise FormatError(f"{path} is not there, or no file; sab exercise N writes one to fill in")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(f"{path} cannot be read: {error}") from error
    if len(text) > MOST_CHARACTERS:
        raise FormatError(f"{path} is {len(text)} characters long, but should be at most {MOST_CHARACTERS}")
    return text


def _results_of_reader(one: Exercise, path: Path, time_limit: float) -> Results:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "results.safetensors"
        command = [sys.executable, "-m", "sabcore.exercise.worker", one.file, str(path), str(out)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=time_limit, stdin=subprocess.DEVNULL)
        except subprocess.TimeoutExpired as error:
            raise FormatError(f"{path} does not come to an end within {time_limit:.0f} s") from error
        if done.returncode or not out.exists():
            said = [words for words in done.stderr.splitlines() if words.strip()] or ["it ends without a result"]
            raise FormatError(f"{path} fails: {one_line(said[-1])}")
        try:
            return read_tensors(out)[0]
        except FormatError as error:
            raise FormatError(f"{path} fails: its results cannot be read") from error


def _wanted(one: Exercise, name: str) -> bool:
    """An oracle has the gradients and outputs, but no summary of a plain LSTM."""
    return not one.file.startswith("reference/") or name != "lstm: s"


def _same_mistake(one: Exercise, got: Results) -> Mistake | None:
    for mistake in MUTANTS:
        if any(change.file == one.file for change in mistake.changes):
            engine = build([mistake])
            if all(report.passed for report in compare(got, case_results(engine.forward, engine.backward), ALLOWED)):
                return mistake
    return None


def _first_difference(failed: list[TensorReport]) -> str:
    """In the order of the passes: outputs before gradients, the first case first."""
    order = list(CASES)
    first = min(failed, key=lambda report: ("grad." in report.name, order.index(report.name.split(": ")[0])))
    return f"Not yet. It first differs in {line(first)}. In all, {len(failed)} tensors differ."
