"""Pages, docstrings and code agree: the rules, each a function that yields one line for what breaks it.

Plain sources define the equations in their docstrings; the page of the same name defines the same, and the starred
ones. Fast engines use the plain sources' numbers, and may define their own where they have a page of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise

from sabcore.proofs.corpus import Corpus, defined, is_fast, read_corpus
from sabcore.proofs.page import Page
from sabcore.proofs.places import coverage_problems, fast_problems, statement_problems
from sabcore.proofs.source import TAG


def problems(sources: Mapping[str, str], pages: Mapping[str, str]) -> list[str]:
    """One line for each broken rule; none if all agree."""
    corpus = read_corpus(sources, pages)
    rules = (
        numbering_problems, page_problems, docstring_problems, unknown_problems,
        order_problems, statement_problems, coverage_problems, fast_problems,
    )  # fmt: skip
    return [problem for rule in rules for problem in rule(corpus)]


def numbering_problems(corpus: Corpus) -> Iterator[str]:
    """On each page the numbers of a letter run 1, 2, 3, ...; each is defined, and starred, at most on one page."""
    for path, page in corpus.pages.items():
        tags = [tag for line in page.definitions for tag in line.tags]
        for letter in dict.fromkeys(tag[0] for tag in tags):
            got = [tag for tag in tags if tag[0] == letter]
            if got != (want := [f"{letter}.{n}" for n in range(1, len(got) + 1)]):
                yield f"{path}: the page numbers {', '.join(got)}, but should number {', '.join(want)}"
            elsewhere = [other for other in corpus.pages if other != path and letter in _letters(corpus.pages[other])]
            for other in elsewhere:
                yield f"{path}: defines {letter}, as {other} does"


def _letters(page: Page) -> set[str]:
    return {tag[0] for line in page.definitions for tag in line.tags}


def page_problems(corpus: Corpus) -> Iterator[str]:
    """Every fenced line is readable and numbered, every equation has a starred one and the other way round."""
    for path, page in corpus.pages.items():
        yield from (f"{path}: {problem}" for problem in page.problems)
        forward = {tag for line in page.definitions for tag in line.tags}
        starred = {tag for line in page.starred for tag in line.tags}
        yield from (f"{path}: the page lacks {tag}*" for tag in sorted(forward - starred))
        yield from (f"{path}: the page bears {tag}*, which it does not define" for tag in sorted(starred - forward))


def docstring_problems(corpus: Corpus) -> Iterator[str]:
    """A plain source's docstrings define what its page does, word for word."""
    own_page = {path for path in corpus.pages if path not in corpus.sources}  # of fast engines
    for path, source in corpus.sources.items():
        pages = own_page if is_fast(path) else {path}
        known = {(tag, line.text) for at in pages & set(corpus.pages) for line in corpus.pages[at].definitions
                 for tag in line.tags}  # fmt: skip
        for tag, text in source.equations:
            if (tag, text) not in known:
                yield f"{path}: the docstring defines {tag} as {text!r}, but its page does not"
        if path in corpus.pages:
            yield from (f"{path}: no docstring defines {tag} as its page does, {text!r}"
                        for tag, text in sorted(known - set(source.equations)))  # fmt: skip
    for path in sorted(own_page):
        if not path.startswith("engine/"):
            yield f"{path}: a page of nothing, there is no such source file"


def unknown_problems(corpus: Corpus) -> Iterator[str]:
    """No tag that no page defines, in code or on a page."""
    known = set(defined(corpus))
    for path, source in corpus.sources.items():
        for statement in source.statements:
            for tag in statement.tags:
                if tag.rstrip("*") not in known:
                    yield f"{path}:{statement.line}: bears {tag}, which no page defines"
    for path, text in corpus.texts.items():
        for tag in sorted({tag.rstrip("*") for tag in TAG.findall(text)} - known):
            yield f"{path}: mentions {tag}, which no page defines"


def order_problems(corpus: Corpus) -> Iterator[str]:
    """Within each function, and for each letter, starred numbers never rise. The tags of one line count together."""
    for path, source in corpus.sources.items():
        if is_fast(path):
            continue
        for function in dict.fromkeys(statement.function for statement in source.statements):
            lines = [each.tags for each in source.statements if each.function == function]
            run = [tag for tags in lines for tag in sorted(tags, key=_number, reverse=True) if tag.endswith("*")]
            for letter in sorted({tag[0] for tag in run}):
                numbers = [_number(tag) for tag in run if tag[0] == letter]
                if any(after > before for before, after in pairwise(numbers)):
                    yield f"{path}: {function} runs {letter} {numbers}, but should run from bottom to top"


def _number(tag: str) -> int:
    return int(re.sub(r"\D", "", tag))
