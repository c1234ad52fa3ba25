"""`docs/equations.md` is what the command writes, and holds every equation."""

from __future__ import annotations

from pathlib import Path

from sabcore.proofs.corpus import read_files
from sabcore.proofs.page import read_page
from sabcore.proofs.sheet import sheet

WRITTEN = Path(__file__).resolve().parents[2] / "docs/equations.md"


def test_the_sheet_is_current() -> None:
    assert WRITTEN.read_text(encoding="utf-8") == sheet(), "write it again: python -m sabcore.proofs.sheet"


def test_every_equation_is_on_it_once() -> None:
    rows = sheet().splitlines()
    for path, text in read_files()[1].items():
        page = read_page(text)
        for line in (*page.definitions, *page.starred):
            found = sum(row.count(f"`{line.text}`".replace("|", "\\|")) for row in rows)
            same = sum(each.text == line.text for other in read_files()[1].values()
                       for each in (*read_page(other).definitions, *read_page(other).starred))  # fmt: skip
            assert found == same, f"{path}: {line.text}"
