"""A report's status, its lines and its JSON say the same thing."""

import numpy as np
import pytest

from sabcore.compare.tensors import compare
from sabcore.vectors.report import FAILED, PASSED, UNREADABLE, FileReport, as_json, as_lines, check_file

WANT = {"y": np.ones(3), "grad.x": np.ones(2)}
OFF = {"y": np.ones(3), "grad.x": np.array([1.0, 1.5])}


def report(got, file="a.safetensors"):
    return FileReport(file, compare(got, WANT, 1e-9))


@pytest.mark.parametrize(
    ("found", "status"),
    [
        (report(WANT), PASSED),
        (report(OFF), FAILED),
        (report({}), FAILED),
        (report({"y": np.full(3, np.nan), "grad.x": np.ones(2)}), FAILED),
        (FileReport("a"), UNREADABLE),
        (FileReport("a", error="cut short"), UNREADABLE),
        (FileReport("a", report(WANT).tensors, error="cut short"), UNREADABLE),
    ],
)
def test_status(found, status):
    assert found.status == status
    assert as_json([found])["passed"] == (status == PASSED)
    word = {PASSED: "passed", FAILED: "FAILED", UNREADABLE: "error"}[status]
    first, *_, last = as_lines([found])
    assert first.startswith(word)
    assert last == (
        f"{int(status == PASSED)} of 1 files passed, {int(status == FAILED)} failed, "
        f"{int(status == UNREADABLE)} could not be checked"
    )


def test_a_failed_tensor_gets_a_line_of_its_own():
    lines = list(as_lines([report(WANT), report(OFF, "b")]))
    assert len(lines) == 4
    assert lines[1] == "FAILED  b: 2 tensors, worst error 5.0e-01 (grad.x), allowed 1.0e-09"
    assert lines[2].startswith(
        "        grad.x: error 5.00e-01, 5.0e+08 times the allowed 1.0e-09; worst at [1]: got 1.5"
    )


def test_names_from_elsewhere_are_spelled_out():
    (line, _) = as_lines([FileReport("a\npassed  b\x1b[31m", error="bad\nworse")])
    assert line == "error   a\\npassed  b\\x1b[31m: bad worse"


def test_whatever_is_wrong_with_a_file_is_in_its_report(tmp_path, good):
    assert check_file(good).status == PASSED
    found = check_file(tmp_path / "absent")
    assert (found.status, found.tensors) == (UNREADABLE, [])
    assert str(tmp_path) not in str(found.error)


def test_work_is_limited_unless_asked(good, monkeypatch):
    monkeypatch.setattr("sabcore.vectors.cost.LIMIT_SECONDS", 0.0)
    assert check_file(good).status == UNREADABLE
    assert check_file(good, limited=False).status == PASSED


def test_a_tolerance_is_used(good):
    assert check_file(good, 1e-300).tensors[0].allowed == 1e-300
