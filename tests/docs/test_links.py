"""Every file that a page of the repository links to is there, and every command that it names exists."""

import re
from pathlib import Path

import pytest

from sabcore.cli import COMMANDS

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "sabcore").rglob("*.md")]
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
COMMAND = re.compile(r"(?:`|^)sab ([a-z]+)", re.MULTILINE)


def test_the_patterns_find_what_they_should():
    assert LINK.findall("see [a](b/c.md#d), ![e](f.png)") == ["b/c.md", "f.png"]
    assert COMMAND.findall("`sab check` and\nsab trace -T 60, not resab nothing") == ["check", "trace"]
    assert len(PAGES) > 10


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    links = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if not link.startswith(("http", "mailto"))]
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_exist(page):
    assert set(COMMAND.findall(page.read_text(encoding="utf-8"))) <= set(COMMANDS)
