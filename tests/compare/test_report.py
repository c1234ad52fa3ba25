"""Every failure names the tensor, the index, what is there, what should be, and the error over what is allowed."""

import json
import math

import numpy as np

from sabcore.compare.report import as_values, failures, line, worst
from sabcore.compare.tensors import TensorReport, compare

WANT = np.array([[1.0, -4.0], [2.0, 3.0]])
OFF, BAD = WANT + np.array([[0, 0], [0.5, 0]]), np.full((2, 2), math.nan)


def reports(**got):
    return compare(got, dict.fromkeys(got, WANT), 1e-3)


def test_a_line_says_everything():
    (report,) = reports(W=OFF)
    assert line(report) == (
        "W: error 1.25e-01, 1.2e+02 times the allowed 1.0e-03; worst at [1, 0]: got 2.5, but should be 2.0"
    )
    (report,) = compare({}, {"W": WANT}, 1e-3)
    assert line(report) == "W: it was not computed"


def test_only_what_failed_is_listed():
    assert failures(reports(a=WANT, b=WANT)) == []
    assert [text.split(":")[0] for text in failures(reports(a=WANT, b=OFF, c=BAD))] == ["b", "c"]


def test_the_worst_is_furthest_beyond_or_nearest_to_what_is_allowed():
    assert worst(reports(a=OFF, b=BAD, c=WANT)).name == "b"
    assert worst(reports(a=WANT, b=WANT * (1 + 1e-4), c=WANT)).name == "b"
    odd = TensorReport("nan", math.nan, 1.0), TensorReport("fine", 0.9, 1.0)
    assert worst(odd).name == worst(odd[::-1]).name == "nan"


def test_values_are_json_whatever_was_found():
    for report in (
        *reports(a=OFF, b=BAD, c=WANT),
        *compare({"z": WANT * 1j}, {"z": WANT}, 1.0),
        *compare({}, {"m": WANT}, 1.0),
    ):
        values = as_values(report)
        assert json.loads(json.dumps(values, allow_nan=False)) == values
        assert (values["name"], values["passed"]) == (report.name, report.passed)
    values = as_values(reports(a=OFF)[0])
    assert (values["error"], values["allowed"], values["index"], values["got"], values["want"]) == (
        *(0.125, 1e-3, [1, 0], 2.5, 2.0),
    )
