"""Wrong signs, planted one at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sabcore.proofs.page import read_page

#: Where a sign stands or could stand: before a first term, between terms, and before the other one of a choice.
_SIGN = re.compile(r"(?<=\+= )-?(?!0\b)|(?<=[^+]= )-?(?!0\b)|(?<= else )-?(?!0\b)|(?<= )[+-](?= )")


def wrong_signs(text: str) -> Iterator[str]:
    """The text of one line of equations -> the same with one sign turned, for every sign that it has or leaves out."""
    for found in _SIGN.finditer(text):
        sign = {"": "-", "-": "" if found.end() < len(text) and text[found.end()] != " " else "+", "+": "-"}
        yield text[: found.start()] + sign[found[0]] + text[found.end() :]


def planted_pages(page: str) -> Iterator[tuple[str, str]]:
    """A page -> its starred lines with one wrong sign, each with the whole page that has it."""
    lines = page.splitlines(keepends=True)
    starred = {line.text for line in read_page(page).starred}
    for at, line in enumerate(lines):
        body = re.split(r"\s+\([A-Z]\.\d+\*\)", line)[0]
        if " ".join(body.split()) in starred:
            for wrong in wrong_signs(body):
                yield wrong.strip(), "".join([*lines[:at], wrong + line[len(body) :], *lines[at + 1 :]])
