"""A tag stands on the statement that computes what its equation defines, and computes it so."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterable, Iterator, Mapping

from sabcore.proofs.corpus import FAST, Corpus, defined, is_fast, lines_of
from sabcore.proofs.grammar import Equation, bare
from sabcore.proofs.names import fast_names, plain_name
from sabcore.proofs.page import Line
from sabcore.proofs.skeleton import CodeValue, UnreadableError, page_value
from sabcore.proofs.source import Source, Statement

#: Not part of an engine's step: how the loss is made, and which level the loss takes, which is decided before.
NOT_IN_FAST = ("C.", "E.", "T.2")
#: Pages of what has no fast engine.
_PLAIN_ALONE = "transformer/"
#: Loops, which hold time and levels: `sab prove` runs them instead of comparing their lines.
_LOOPS = "B."
_DECISIONS = ("T.2",)


def is_compared(tag: str) -> bool:
    """True if the code's line for `tag` is held to the page's; the others are only run."""
    return not tag.startswith(_LOOPS) and tag not in _DECISIONS


def statement_problems(corpus: Corpus) -> Iterator[str]:
    """In plain sources a tag stands on a statement that computes a symbol of its equation, and computes it so."""
    known = defined(corpus)
    for path, source in corpus.sources.items():
        if is_fast(path):
            continue
        for statement in source.statements:
            for tag in statement.tags:
                if tag.rstrip("*") in known:
                    yield from _place_problems(corpus, path, source, statement, tag)


def _place_problems(corpus: Corpus, path: str, source: Source, statement: Statement, tag: str) -> Iterator[str]:
    lines = lines_of(corpus, tag)
    wanted = [symbol for line in lines for symbol in line.symbols]
    computed = {plain_name(name): value for name, value in statement.computed.items()}
    if not set(computed) & set(wanted) and not _serves(source, statement, tag):
        got = ", ".join(statement.computed) or "nothing"
        yield f"{path}:{statement.line}: bears {tag}, which computes {', '.join(wanted)}, but computes {got}"
    if not is_compared(tag):
        return
    for symbol in set(computed) & set(wanted):
        if (value := computed[symbol]) is not None:
            yield from _value_problems(path, source, statement, tag, symbol, value, lines)


def _serves(source: Source, statement: Statement, tag: str) -> bool:
    """True if a later statement of the function that bears the tag too uses what this one computes."""
    later = [s for s in source.statements if s.function == statement.function and s.line > statement.line]
    return any(tag in each.tags and set(statement.computed) & each.uses for each in later)


def _value_problems(
    path: str, source: Source, statement: Statement, tag: str, symbol: str, value: ast.expr, lines: list[Line]
) -> Iterator[str]:
    """The code's expression must be that of one of the page's equations for this tag and symbol."""
    equations = [equation for line in lines for equation in line.equations if symbol in _targets(equation)]
    try:
        if any(_says(source, statement, symbol, value, equation) for equation in equations):
            return
    except UnreadableError as error:
        yield f"{path}:{statement.line}: cannot be compared with {tag}: {error}"
        return
    text = "; ".join(line.text for line in lines)
    yield f"{path}:{statement.line}: computes {symbol} as {ast.unparse(value)}, but {tag} says {text}"


def _targets(equation: Equation) -> list[str]:
    return [bare(target) for target in equation.targets]


def _says(source: Source, statement: Statement, symbol: str, value: ast.expr, equation: Equation) -> bool:
    """True if the code's `value` is what the page's equation gives `symbol`."""
    named = {bare(tree) for tree in equation.value.walk() if tree.op == "name"}
    local = _local_values(source, statement)
    inline = {name: each for name, each in local.items() if name not in named}
    sums = any(tree.op == "sum" for tree in equation.value.walk())
    want = page_value(equation.value, _targets(equation).index(symbol))
    values = (CodeValue(inline, sums, joins)(value) for joins in {False, sums})
    return any(math.isclose(got, want, rel_tol=1e-9) for got in values)


def _local_values(source: Source, statement: Statement) -> dict[str, ast.expr]:
    """What stands for itself in a statement: untagged local values, and what earlier statements of its tags gave."""
    local = dict(source.locals.get(statement.function, {}))
    for each in source.statements:
        if each.function == statement.function and each.line < statement.line and set(each.tags) & set(statement.tags):
            local |= {name: value for name, value in each.computed.items() if value is not None}
    return local


def coverage_problems(corpus: Corpus) -> Iterator[str]:
    """Every symbol that a page's equation defines is computed by a statement that bears the equation's number."""
    for path, page in corpus.pages.items():
        plain = path in corpus.sources
        sources = {at: source for at, source in corpus.sources.items() if plain != is_fast(at)}
        computed = {
            (tag, name if plain else "")
            for source in sources.values()
            for statement in source.statements
            for tag in statement.tags
            for name in (plain_name(each) for each in statement.computed)
        }
        for line in (*page.definitions, *page.starred):
            tags = [tag + "*" * line.starred for tag in line.tags]
            for symbol in line.symbols if plain else ("",):
                if missing := [tag for tag in tags if (tag, symbol) not in computed]:
                    yield f"{path}: no code computes {symbol or 'what it defines'} and bears {', '.join(missing)}"
            if plain and is_compared(tags[0]):
                yield from (
                    f"{path}: no code for {tags[0]} says {line.text}"
                    for equation in line.equations
                    if not _is_said(sources.values(), tags[0], equation)
                )


def _is_said(sources: Iterable[Source], tag: str, equation: Equation) -> bool:
    """True if some statement that bears `tag` computes what the equation says, for every target."""
    return all(
        any(
            _says(source, statement, symbol, value, equation)
            for source in sources
            for statement in source.statements
            if tag in statement.tags
            for name, value in statement.computed.items()
            if plain_name(name) == symbol and value is not None
        )
        for symbol in _targets(equation)
    )


def fast_problems(corpus: Corpus) -> Iterator[str]:
    """A fast engine bears every number of a step, forward and starred, where it writes what the equation defines."""
    known = defined(corpus)
    for engine in FAST:
        sources = {path: source for path, source in corpus.sources.items() if path.startswith(engine)}
        if not sources:
            continue
        borne = {tag for source in sources.values() for statement in source.statements for tag in statement.tags}
        wanted = {tag for tag, page in known.items() if page in corpus.sources and not page.startswith(_PLAIN_ALONE)}
        steps = [tag for tag in known if tag in wanted and not tag.startswith(NOT_IN_FAST)]
        lacking = [tag for each in steps for tag in (each, f"{each}*") if tag not in borne]
        if lacking:
            yield f"{engine}: bears nowhere {', '.join(lacking)}"
        for path, source in sources.items():
            for statement in source.statements:
                yield from _fast_place_problems(corpus, path, statement, known)


def _fast_place_problems(corpus: Corpus, path: str, statement: Statement, known: Mapping[str, str]) -> Iterator[str]:
    for tag in statement.tags:
        if tag.rstrip("*") not in known:
            continue
        symbols = [symbol for line in lines_of(corpus, tag) for symbol in line.symbols]
        allowed = {name for symbol in symbols for name in fast_names(symbol)}
        if not allowed & set(statement.computed):
            got = ", ".join(statement.computed) or "nothing"
            yield f"{path}:{statement.line}: bears {tag}, which computes {', '.join(symbols)}, but writes {got}"
