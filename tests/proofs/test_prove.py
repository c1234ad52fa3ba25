"""`prove` in its short form, and what it must not call proved."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("sympy")

from sabcore.proofs import prove
from sabcore.proofs.corpus import defined, read_corpus, read_files


@pytest.fixture(scope="module")
def found() -> tuple[list[prove.Proved], list[str]]:
    return prove.prove(short=True)


def test_every_equation_is_proved(found) -> None:
    proved, wrong = found
    assert wrong == []
    assert [proof.line() for proof in proved if not proof.passed] == []
    assert {proof.tag for proof in proved} == set(defined(read_corpus(*read_files())))


def test_every_line_says_how_and_where(found) -> None:
    for proof in found[0]:
        assert proof.gradients, proof.tag
        assert proof.regions >= 1, proof.tag
        assert 0 < proof.digits < 1e-30, proof.tag
        assert proof.engine <= 1, proof.tag
        assert ":" in proof.code, proof.tag


def test_an_equation_without_a_proof_is_not_passed() -> None:
    proof = prove.Proved("Z.1", "step/nothing", "z = x")
    assert not proof.passed
    assert proof.line() == "FAILED Z.1   step/nothing: has no proof"


def test_a_proof_without_an_equation_and_a_page_without_code_are_found(monkeypatch) -> None:
    sources, pages = read_files()
    monkeypatch.setattr(prove, "read_files", lambda: (sources, {k: v for k, v in pages.items() if k != "step/lstm"}))
    monkeypatch.setattr(prove, "MODULES", ())
    monkeypatch.setattr(prove, "prove_loop", lambda proved, short: None)
    proved, wrong = prove.prove(short=True)
    assert not any(proof.passed for proof in proved)
    assert any("L.1, which no page defines" in line for line in wrong)
    monkeypatch.setattr(prove, "MODULES", ("step/lstm",))
    assert "a proof of L, which no page defines" in prove.prove(short=True)[1]


def test_infinite_errors_are_no_json_numbers() -> None:
    proof = prove.Proved("Z.1", "step/nothing", "z = x", digits=float("inf"), why="shapes differ")
    (row,) = prove.as_json([proof])
    assert json.loads(json.dumps(row, allow_nan=False))["digits"] is None
    assert not row["passed"]


def test_nan_is_no_proof() -> None:
    proved = {"Z.1": prove.Proved("Z.1", "step/nothing", "z = x", regions=1)}
    prove._note_engine(proved, ["Z.1"], "dz", float("nan"), 1.0)
    assert not proved["Z.1"].passed
