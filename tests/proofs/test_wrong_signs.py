"""Every sign of every starred line of every page is turned, one at a time: each time a proof must fail.

The quick form, which runs always, uses fifty digits alone; the `long` one is what `sab prove` does, symbols included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import mpmath
import pytest

from sabcore.proofs import digits, half, prove
from sabcore.proofs.engine import truncation
from sabcore.proofs.half import Half
from sabcore.proofs.prove import MODULES, UNREADABLE, Proved, halves
from sabcore.proofs.stage import claims
from tests.proofs.planted import planted_pages, wrong_signs

pytest.importorskip("sympy")
LOOPS = ("engine/plain", "engine/truncation")
PLANTED = [
    pytest.param(path, page, id=f"{path}: {wrong}")
    for path in (*MODULES, *LOOPS)
    for wrong, page in planted_pages(half.page_text(path))
]
Plant = Callable[[str, str], None]


@pytest.fixture
def plant(monkeypatch: pytest.MonkeyPatch) -> Iterator[Plant]:
    """Replace a page by a text, for everything that reads pages during a test."""
    texts: dict[str, str] = {}
    original = half.page_text
    monkeypatch.setattr(half, "page_text", lambda page: texts.get(page) or original(page))

    def replace_page(page: str, text: str) -> None:
        texts[page] = text
        half.page_lines.cache_clear()

    yield replace_page
    half.page_lines.cache_clear()


def fresh(page: str) -> list[Half]:
    """Halves that have not read their page yet."""
    return [replace(each) for each in halves(page)]


def is_caught_by_digits(each: Half) -> bool:
    """True if a claim of the page differs from its difference quotient in some of the first cases, or cannot be run."""
    try:
        for case in (*each.cases[:7], *each.more_cases):
            values = {name: digits.exact(value) for name, value in digits.draw(each, case, 1).items()}
            run = digits.forward(each, case, values)
            given = {name: value for name, value in values.items() if name not in each.inputs}
            if any(not digits.error_of(each, case, claim, run, given) <= digits.ALLOWED for claim in claims(each)):
                return True
    except UNREADABLE:
        return True
    return False


def is_caught_in_the_loop() -> bool:
    try:
        return not all(truncation.prove(config) for config in truncation.CONFIGS.values())
    except UNREADABLE:
        return True


def test_every_starred_line_has_a_sign_to_turn() -> None:
    pages = {path: half.read_page(half.page_text(path)) for path in (*MODULES, *LOOPS)}
    assert [line.text for page in pages.values() for line in page.starred if not list(wrong_signs(line.text))] == []
    assert len(PLANTED) >= sum(len(page.starred) for page in pages.values()) > 30


@pytest.mark.parametrize("page", [*MODULES, *LOOPS])
def test_the_right_page_is_not_rejected(page: str, plant: Plant) -> None:
    plant(page, half.page_text(page))
    with mpmath.workdps(digits.DIGITS):
        assert not (is_caught_in_the_loop() if page in LOOPS else any(map(is_caught_by_digits, fresh(page))))


@pytest.mark.parametrize(("path", "page"), PLANTED)
def test_a_wrong_sign_is_caught(path: str, page: str, plant: Plant) -> None:
    plant(path, page)
    with mpmath.workdps(digits.DIGITS):
        assert is_caught_in_the_loop() if path in LOOPS else any(map(is_caught_by_digits, fresh(path)))


@pytest.mark.long
@pytest.mark.parametrize(("path", "page"), PLANTED)
def test_a_wrong_sign_fails_sab_prove(path: str, page: str, plant: Plant) -> None:
    plant(path, page)
    proved = {tag: Proved(tag, path, "") for line in half.read_page(page).definitions for tag in line.tags}
    with mpmath.workdps(digits.DIGITS):
        if path in LOOPS:
            prove.prove_loop(proved, short=True)
        for each in [] if path in LOOPS else fresh(path):
            prove.prove_half(each, proved, short=True)
    assert any(proof.why for proof in proved.values())
