"""Checks pass for a right engine, and fail for a wrong one."""

from pathlib import Path

import pytest

from sabcore.benchmarks.gpu import checks
from sabcore.benchmarks.gpu.parts import PartFailedError

ROOT = Path(__file__).parents[3]


TINY = {"input_size": 2, "hidden_size": 4, "output_size": 3}


def test_checks_pass_for_a_right_engine_and_fail_for_a_wrong_one(monkeypatch, cupy):
    monkeypatch.setattr(checks, "LARGE", ())
    monkeypatch.setattr(checks, "TRUNCATIONS", {"segment": {"k_trunc": 6}})
    assert all(row["passed"] for row in checks.agreements())
    assert len(checks.random_agreements(count=3)) == 3
    monkeypatch.setattr(checks, "check", lambda *arguments: [])
    with pytest.raises(PartFailedError, match="0 of 0 comparisons"):
        checks.agreements()


def test_repeats_need_an_engine_to_repeat(cupy):
    with pytest.raises(PartFailedError, match="no engine"):
        checks.repeats()


def test_the_tests_part_reports_pytest(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(checks, "WORKERS", 0)
    with pytest.raises(PartFailedError, match="there are no tests"):
        checks.tests()
    (tmp_path / "tests").mkdir()
    with pytest.raises(PartFailedError, match="exit code 5"):  # none collected is not a pass
        checks.tests()
