"""A page's fenced lines: its numbered equations, and the starred ones, each parsed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from sabcore.proofs.grammar import Equation, GrammarError, bare, bound_letters, parse_line

#: Several tags may follow an equation; a remark may follow them.
_LINE = re.compile(r"^(?P<text>.*?\S)\s+(?P<tags>\([A-Z]\.\d+\*?\)(?:\s*\([A-Z]\.\d+\*?\))*)(?:\s|$)")
_TAG = re.compile(r"[A-Z]\.\d+")
#: A fence with a language's name holds something else than equations.
_FENCE = re.compile(r"^```(?P<language>.*?)\n(?P<lines>.*?)^```$", re.MULTILINE | re.DOTALL)


class Line(NamedTuple):
    """One line of equations: its tags without stars, whether they are starred, its text, and the equations."""

    tags: tuple[str, ...]
    starred: bool
    text: str
    equations: tuple[Equation, ...]

    @property
    def symbols(self) -> tuple[str, ...]:
        """The names on the left-hand sides, without indices."""
        return tuple(bare(target) for equation in self.equations for target in equation.targets)


class Page(NamedTuple):
    """A page's lines in their order, and what is wrong with those that could not be read."""

    definitions: tuple[Line, ...]
    starred: tuple[Line, ...]
    problems: tuple[str, ...]


def tagged_text(line: str) -> tuple[str, tuple[str, ...], bool] | None:
    """A line that ends with tags in parentheses -> its text with spaces evened out, the tags, whether starred."""
    found = _LINE.match(line)
    if not found:
        return None
    return " ".join(found["text"].split()), tuple(_TAG.findall(found["tags"])), "*" in found["tags"]


@cache
def read_page(text: str) -> Page:
    """A page's text -> its equations."""
    lines: list[Line] = []
    problems: list[str] = []
    fenced = list(fenced_lines(text))
    letters = bound_letters("\n".join(fenced))
    for written in fenced:
        tagged = tagged_text(written)
        if tagged is None:
            problems.append(f"{written.strip()!r} bears no number")
            continue
        try:
            lines.append(Line(tagged[1], tagged[2], tagged[0], tuple(parse_line(tagged[0], letters))))
        except GrammarError as error:
            problems.append(str(error))
    return Page(
        tuple(line for line in lines if not line.starred),
        tuple(line for line in lines if line.starred),
        tuple(problems),
    )


def fenced_lines(text: str) -> Iterator[str]:
    """Every line between fences without a language's name, blank ones left out."""
    for block in _FENCE.finditer(text):
        if not block["language"]:
            yield from (line for line in block["lines"].splitlines() if line.strip())
