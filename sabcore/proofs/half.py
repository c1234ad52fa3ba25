"""The runnable half of a page: what its symbols are, which equations belong together, and what to run them on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

from sabcore.proofs.page import Line, Page, read_page


@dataclass(frozen=True)
class Case:
    """One region of one size: constants that the equations use, and a point inside the region."""

    name: str
    constants: Mapping[str, Any] = field(default_factory=dict)  # whole numbers, or nested tuples of them
    point: Mapping[str, Any] = field(default_factory=dict)  # values that decide; others are drawn
    sizes: Mapping[str, int] = field(default_factory=dict)  # other than the half's


@dataclass(frozen=True)
class Half:
    """`shapes` gives each symbol's indices (small letters) and sizes, "j H"; `dX` is like `X` unless it says so.

    `inputs` are independent, `outputs` have a gradient that is given. `engine` computes the starred symbols with the
    plain engine: values by name, and a case -> gradients by name.
    """

    page: str
    letter: str
    shapes: Mapping[str, str]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    sizes: Mapping[str, int]
    engine: Callable[[dict[str, Any], Case], dict[str, Any]]
    cases: tuple[Case, ...] = (Case("general"),)
    blocks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    functions: Callable[[Any, Case], dict[str, Callable[..., Any]]] | None = None
    more_cases: tuple[Case, ...] = ()  # for fifty digits only

    @cached_property
    def lines(self) -> Page:
        """The page's lines of this letter."""
        return select(read_page(page_text(self.page)), self.letter)

    def shape(self, name: str) -> list[str]:
        """The words of a symbol's shape."""
        if name in self.shapes:
            return self.shapes[name].split()
        return self.shapes[name.removeprefix("d")].split()

    @cached_property
    def axes(self) -> dict[str, str]:
        """The letters of every symbol's indices."""
        names = [*self.shapes, *(f"d{name}" for name in self.shapes if f"d{name}" not in self.shapes)]
        return {name: "".join(word for word in self.shape(name) if word.islower()) for name in names}

    def lengths(self, name: str, case: Case) -> tuple[int, ...]:
        """A symbol's shape in numbers."""
        sizes = {**self.sizes, **case.sizes}
        return tuple(sizes[word.lstrip("4")] * (4 if word.startswith("4") else 1) for word in self.shape(name))


def page_text(page: str) -> str:
    """A page, by its path without suffix."""
    return (files("sabcore") / "proofs" / f"{page}.md").read_text("utf-8")


def select(page: Page, letter: str) -> Page:
    """The lines of a page whose tags have this letter."""
    definitions: tuple[Line, ...] = tuple(line for line in page.definitions if line.tags[0][0] == letter)
    starred = tuple(line for line in page.starred if line.tags[0][0] == letter)
    return Page(definitions, starred, page.problems)


@cache
def page_lines(page: str, tag: str, starred: bool) -> tuple[Line, ...]:
    """The lines of a page that bear a tag."""
    read = read_page(page_text(page))
    return tuple(line for line in (read.starred if starred else read.definitions) if tag in line.tags)
