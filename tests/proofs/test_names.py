"""Other names for the pages' symbols: each is in use, and says what it says in one direction."""

from __future__ import annotations

from collections.abc import Iterator

from sabcore.proofs import names
from sabcore.proofs.corpus import defined, is_fast, lines_of, read_corpus, read_files
from sabcore.proofs.names import fast_names, plain_name
from sabcore.proofs.source import Statement

CORPUS = read_corpus(*read_files())
SYMBOLS = {symbol for page in CORPUS.pages.values() for line in (*page.definitions, *page.starred)
           for symbol in line.symbols}  # fmt: skip


def statements(fast: bool) -> list[Statement]:
    """The tagged statements of the fast engines, or of all else."""
    sources = [source for path, source in CORPUS.sources.items() if is_fast(path) == fast]
    return [statement for source in sources for statement in source.statements]


def fast_statements() -> Iterator[tuple[set[str], set[str]]]:
    """What each number of a fast statement defines on the pages, and what the statement writes."""
    known = defined(CORPUS)
    for statement in statements(fast=True):
        for tag in statement.tags:
            if tag.rstrip("*") in known:
                yield {name for line in lines_of(CORPUS, tag) for name in line.symbols}, set(statement.computed)


def test_a_name_that_is_no_other_stands_for_itself() -> None:
    assert plain_name("dz") == "dz"
    assert plain_name("h_all") == "h"
    assert fast_names("nothing") == {"nothing"}
    assert fast_names("do") == {"do", "do_", "factor"}


def test_no_name_is_left_over() -> None:
    """An alias that nothing needs would let a number stand on a wrong statement some day."""
    assert [name for name in names._PLAIN if not any(name in each.computed for each in statements(fast=False))] == []
    assert [name for name in names._PLAIN.values() if name not in SYMBOLS] == []
    in_use = {(symbol, name) for symbols, written in fast_statements() for symbol in symbols for name in written}
    listed = {(symbol, name) for symbol, others in names._FAST.items() for name in others.split()}
    assert sorted(listed - in_use) == []
