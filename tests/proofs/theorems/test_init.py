"""The theorems' checks pass, can fail, and stand on the page; what the page names exists."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from sabcore.proofs.half import page_text
from sabcore.proofs.theorems import SECTIONS, check_all, cost, readers, scale
from sabcore.step.sparsify import Threshold

ROOT = Path(__file__).resolve().parents[2]


PAGE = page_text("theorems")


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.__module__.rpartition(".")[2])
def test_every_claim_holds(section):
    claims = section()
    assert claims
    assert all(json.loads(json.dumps(claim.as_json()))["passed"] for claim in claims)
    assert [claim.line() for claim in claims if not claim.passed] == []


def test_every_statement_of_the_page_is_checked_and_no_other():
    stated = re.findall(r"\*\*(\d\.\d)\*\*", PAGE)
    assert [claim.number for claim in check_all()] == stated


def test_what_the_page_names_exists():
    named = re.findall(r"`(tests/[\w/]+\.py)`", PAGE)
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []
    links = re.findall(r"\]\(([\w/.]+)\)", PAGE)
    assert [link for link in links if not (ROOT / "sabcore/proofs" / link).exists()] == []


def test_a_threshold_without_its_thetas_gradient_is_not_taken_for_right(monkeypatch):
    monkeypatch.setattr(Threshold, "backward", lambda self, dw, a, w: np.where(w > 0, dw, 0))
    assert [claim.number for claim in readers() if not claim.passed] == ["2.1", "2.2", "2.4"]
    assert {claim.number for claim in scale() if not claim.passed} >= {"3.1", "3.2", "3.5"}


def test_a_backward_pass_over_all_slots_is_not_taken_for_sparse(monkeypatch):
    monkeypatch.setattr(Threshold, "select", lambda self, a: np.argsort(-a, axis=0, kind="stable"))
    failed = {claim.number for claim in cost() if not claim.passed}
    assert "6.1" in failed
