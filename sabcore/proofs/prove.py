"""Proves every equation of every page: for symbols, on fifty digits, and against the plain engine."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import chain
from typing import Any

import mpmath

from sabcore.proofs import digits, symbolic
from sabcore.proofs.agree import problems
from sabcore.proofs.corpus import Corpus, defined, is_fast, read_corpus, read_files
from sabcore.proofs.engine import plain, truncation
from sabcore.proofs.half import Case, Half
from sabcore.proofs.stage import Claim, claims

#: The modules that hold halves, by the page's path.
MODULES = (
    "step/lstm",
    "step/score",
    "step/sparsify",
    "step/recall",
    "step/readout",
    "train/loss",
    "engine/exponentials",
    "transformer/layer_norm",
    "transformer/attention",
    "transformer/feed_forward",
    "transformer/block",
    "transformer/network",
)
#: What running a page raises if its equations make no sense together: shapes, unknown names, steps that do not exist.
UNREADABLE = (ValueError, KeyError, IndexError, TypeError)
#: The pages of the time loop, which are run as a whole, with the tags that each configuration exercises.
_LOOP = {"full": ("B.",), "segment": ("B.", "T.1"), "sliding": ("B.", "T.2")}


@dataclass
class Proved:
    """One equation: the gradients of its starred line, and how they were proved.

    `regions` counts cases in which page minus derivative is exactly zero for symbols; `digits` is the largest relative
    difference between page and difference quotient; `engine` the largest error of what the plain engine returns for
    equations of this letter, over what one-ulp changes of the inputs allow (at most 1). `why` says what failed.
    """

    tag: str
    page: str
    equation: str
    gradients: list[str] = field(default_factory=list)
    regions: int = 0
    digits: float = 0.0
    engine: float = 0.0
    code: str = ""
    why: str = ""

    @property
    def passed(self) -> bool:
        return not self.why and self.regions > 0

    def line(self) -> str:
        """Everything in one line."""
        if not self.passed:
            return f"FAILED {self.tag:5} {self.page}: {self.why or 'has no proof'}"
        shown = f"{self.tag:5} {' '.join(self.gradients):32} exactly zero in {self.regions:2} regions"
        return f"{shown}; 50 digits: {self.digits:.0e}; engine: {self.engine:.2f} of allowed; {self.code}"


def prove(short: bool = False, watch: Callable[[str], None] = lambda page: None) -> tuple[list[Proved], list[str]]:
    """Every equation's proof, and what else is wrong: pages, docstrings and code that disagree, proofs of nothing.

    `short` leaves out most regions of the sparsifier and the longest configuration of the loop. `watch` is told each
    page that begins.
    """
    corpus = read_corpus(*read_files())
    proved = {proof.tag: proof for proof in _unproved(corpus)}
    with mpmath.workdps(digits.DIGITS):
        for page in MODULES:
            watch(page)
            for half in halves(page):
                prove_half(half, proved, short)
        watch("engine/plain, engine/truncation")
        prove_loop(proved, short)
    known = {half.letter for page in MODULES for half in halves(page)} | {"B", "T"}
    strays = [f"a proof of {letter}, which no page defines" for letter in sorted(known - {tag[0] for tag in proved})]
    return list(proved.values()), [*problems(*read_files()), *strays]


def halves(page: str) -> tuple[Half, ...]:
    """The runnable halves of a page, one for each of its letters."""
    module = importlib.import_module(f"sabcore.proofs.{page.replace('/', '.')}")
    return getattr(module, "HALVES", None) or (module.HALF,)


def _unproved(corpus: Corpus) -> Iterator[Proved]:
    for tag, page in defined(corpus).items():
        text = next(line.text for line in corpus.pages[page].definitions if tag in line.tags)
        yield Proved(tag, page, text, code=_code(corpus, f"{tag}*"))


def _code(corpus: Corpus, tag: str) -> str:
    """Where the first plain statement with a tag stands, or if there is none, a fast one."""
    found = [
        (is_fast(path), f"{path if path.endswith('.cu') else f'{path}.py'}:{statement.line}")
        for path, source in corpus.sources.items()
        for statement in source.statements
        if tag in statement.tags
    ]
    return min(found, default=(True, ""))[1]


def prove_half(half: Half, proved: dict[str, Proved], short: bool) -> None:
    """Fill in the proofs of a half's equations."""
    cases = half.cases[::9] if short and len(half.cases) > 9 else half.cases
    for claim in claims(half):
        for tag in claim.tags:
            if tag in proved:
                proved[tag].gradients.append(claim.gradient)
                proved[tag].regions = len(cases)
    try:
        for case in cases:
            for claim in claims(half):
                if not symbolic.prove(half, case, claim):
                    _note(proved, claim.tags, f"{claim.gradient} is not the derivative, {case.name}")
        for case in chain(cases, half.more_cases):
            _prove_digits(half, case, proved)
    except UNREADABLE as error:
        _note(proved, [tag for tag in proved if tag[0] == half.letter], f"the page cannot be run: {error}")


def _note(proved: dict[str, Proved], tags: Any, why: str) -> None:
    for tag in tags:
        if tag in proved and not proved[tag].why:
            proved[tag].why = why


def _prove_digits(half: Half, case: Case, proved: dict[str, Proved]) -> None:
    """Page against difference quotients; and engine against page, which is one for all equations of a letter."""
    drawn = digits.draw(half, case, seed=1)
    values = {name: digits.exact(value) for name, value in drawn.items()}
    run = digits.forward(half, case, values)
    given = {name: value for name, value in values.items() if name not in half.inputs}
    for claim in claims(half):
        _note_error(proved, claim, digits.error_of(half, case, claim, run, given), case)
    for name, (error, allowed) in digits.engine_errors(half, case, drawn, seed=2).items():
        _note_engine(proved, [tag for tag in proved if tag[0] == half.letter], name, error, allowed)


def _note_error(proved: dict[str, Proved], claim: Claim, error: Any, case: Case) -> None:
    for tag in claim.tags:
        if tag in proved:
            proved[tag].digits = max(proved[tag].digits, float(error))
    if not error <= digits.ALLOWED:
        _note(proved, claim.tags, f"{claim.gradient} is {float(error):.0e} from its difference quotient, {case.name}")


def _note_engine(proved: dict[str, Proved], tags: list[str], name: str, error: Any, allowed: Any) -> None:
    ratio = float(error / allowed) if allowed else (0.0 if not error else float("inf"))
    for tag in tags:
        if tag in proved:
            proved[tag].engine = max(proved[tag].engine, ratio)
    if not ratio <= 1:
        _note(proved, tags, f"the engine's {name} is {float(error):.0e} from the page's, allowed {float(allowed):.0e}")


def prove_loop(proved: dict[str, Proved], short: bool) -> None:
    """The loop and the truncations, for steps of which nothing is known, and for the pages' own on fifty digits."""
    for name, config in truncation.CONFIGS.items():
        tags = _exercised(proved, name, config.truncation)
        if why := _loop_symbols(name, config):
            _note(proved, tags, why)
        for tag in tags:
            proved[tag].regions += 1
    for name, config in list(plain.CONFIGS.items())[: 3 if short else None]:
        _loop_digits(proved, name, config)


def _exercised(proved: dict[str, Proved], name: str, kind: str) -> list[str]:
    letters = _LOOP["full" if name == "full" else kind]
    return [tag for tag in proved if tag.startswith(letters)]


def _loop_symbols(name: str, config: Any) -> str:
    try:
        return "" if truncation.prove(config) else f"the gradient is not the derivative, {name}"
    except UNREADABLE as error:
        return f"the page cannot be run: {error}"


def _loop_digits(proved: dict[str, Proved], name: str, config: Any) -> None:
    tags = _exercised(proved, name, config.truncation)
    try:
        drawn = plain.draw(config, seed=3)
        error = plain.error_of(config, {key: digits.exact(value) for key, value in drawn.items()}, seed=4)
        engine = plain.engine_errors(config, drawn, seed=5)
    except UNREADABLE as raised:
        _note(proved, tags, f"the page cannot be run: {raised}")
        return
    for tag in tags:
        proved[tag].gradients = ["every tensor's"]
        proved[tag].digits = max(proved[tag].digits, float(error))
    if not error <= digits.ALLOWED:
        _note(proved, tags, f"a gradient is {float(error):.0e} from its difference quotient, {name}")
    for tensor, (off, allowed) in engine.items():
        _note_engine(proved, tags, tensor, off, allowed)


def as_json(proved: list[Proved]) -> list[dict[str, Any]]:
    """For programs. JSON has no infinity: None stands for it, and `why` says what it was."""
    rows = [asdict(proof) | {"passed": proof.passed} for proof in proved]
    return [{key: None if value == math.inf else value for key, value in row.items()} for row in rows]
