"""A claim in a line and as JSON, with NumPy's truths turned into Python's."""

import json
from typing import cast

import numpy as np

from sabcore.proofs.theorems.claim import Claim


def test_what_failed_says_so_first():
    right, wrong = (Claim("2.1", "sums agree", "to 1e-16", cast(bool, np.bool_(passed))) for passed in (True, False))
    assert right.line() == "2.1   sums agree: to 1e-16"
    assert wrong.line() == "FAILED 2.1   sums agree: to 1e-16"
    assert json.loads(json.dumps([right.as_json(), wrong.as_json()])) == [
        {"number": "2.1", "sentence": "sums agree", "measured": "to 1e-16", "passed": True},
        {"number": "2.1", "sentence": "sums agree", "measured": "to 1e-16", "passed": False},
    ]
