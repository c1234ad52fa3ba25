"""A mistake as the lines of the plain engine that it changes, with their equation tags."""

from __future__ import annotations

import re
from typing import NamedTuple

from sabcore.validate.mistakes.build import source
from sabcore.validate.mistakes.record import Change, Mistake

_TAG = re.compile(r"\b[A-Z]\.\d+\b\*?")


class Lines(NamedTuple):
    """Where a change is: `file`, `number` of the first line, the `ours` and `theirs` lines, and the equation `tags`."""

    file: str
    number: int
    ours: tuple[str, ...]
    theirs: tuple[str, ...]
    tags: tuple[str, ...]


def changed_lines(mistake: Mistake) -> list[Lines]:
    """Every place that a mistake changes; none for one that replaces a part of the engine or moves tensors."""
    return [_lines(change, (mistake.tag,) if mistake.tag else ()) for change in mistake.changes]


def _lines(change: Change, default: tuple[str, ...]) -> Lines:
    text = source(change.file)
    start = text.index(change.old)
    first = text.rfind("\n", 0, start) + 1
    end = text.find("\n", start + len(change.old.rstrip("\n")))
    ours, number = text[first:end], text.count("\n", 0, first) + 1
    theirs = ours.replace(change.old.rstrip("\n"), change.new.rstrip("\n"))
    old, new = ours.splitlines(), theirs.splitlines()
    shared = 0
    while shared < min(len(old), len(new)) - 1 and old[shared] == new[shared]:
        shared += 1
    return Lines(change.file, number + shared, _bare(old[shared:]), _bare(new[shared:]), _tags(ours) or default)


def _bare(lines: list[str]) -> tuple[str, ...]:
    """Without indentation and comments."""
    return tuple(line.split("  #")[0].strip() for line in lines)


def _tags(lines: str) -> tuple[str, ...]:
    """The tags that stand in these lines' comments."""
    comments = " ".join(line.partition("#")[2] for line in lines.splitlines())
    return tuple(dict.fromkeys(_TAG.findall(comments)))
