"""The page and the checks have the same statements in the same order; what the page names exists."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

from sabcore.proofs import theorems
from sabcore.proofs.half import page_text
from sabcore.proofs.theorems import SECTIONS, Claim, check_all
from tests.proofs.theorems.found import found

ROOT = Path(__file__).resolve().parents[3]
PAGE = page_text("theorems")


def test_every_statement_of_the_page_is_checked_and_no_other():
    stated = re.findall(r"\*\*(\d\.\d)\*\*", PAGE)
    assert [claim.number for section in SECTIONS for claim in found(section)] == stated


def test_all_are_the_claims_of_every_section_in_order(monkeypatch):
    claims = [Claim(number, "a sentence", "a number", True) for number in ("1.1", "1.2", "2.1")]
    monkeypatch.setattr(
        theorems, "SECTIONS", (SimpleNamespace(check=lambda: claims[:2]), SimpleNamespace(check=lambda: claims[2:]))
    )
    assert check_all() == claims


def test_what_the_page_names_exists():
    named = re.findall(r"`(tests/[\w/]+\.py)`", PAGE)
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []
    links = re.findall(r"\]\(([\w/.]+)\)", PAGE)
    assert [link for link in links if not (ROOT / "sabcore/proofs" / link).exists()] == []
