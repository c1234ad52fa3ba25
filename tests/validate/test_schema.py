"""A verdict as JSON: the documented keys, and nothing that JSON lacks."""

from __future__ import annotations

import json
import re
from pathlib import Path

from sabcore.validate.mistakes import MISTAKES
from sabcore.validate.program import FunctionProgram
from sabcore.validate.schema import as_json
from sabcore.validate.verdict import Verdict, validate
from tests.validate.programs import implementation

PAGE = (Path(__file__).parents[2] / "docs/validate.md").read_text(encoding="utf-8")
DOCUMENTED = re.findall(r"^\| `(\w+)` \|", PAGE.partition("## The JSON")[2].partition("## ")[0], re.MULTILINE)


def test_a_judgement_holds_the_documented_keys():
    wrong = implementation(mistakes=[mistake for mistake in MISTAKES if mistake.name == "memories detached"])
    found = as_json(validate(FunctionProgram(wrong), "port.py:sab", "paper"))
    json.dumps(found, allow_nan=False)
    assert list(found) == DOCUMENTED
    assert (found["verdict"], found["exit"], found["independent"]) == ("mistaken", 1, True)
    assert found["fits"] == {"preset": "paper", "fields": {}, "mistakes": ["memories detached"]}
    assert set(found["departs"]) == {"tensor", "step", "why"}
    assert found["mistakes"][0]["lines"][0]["equations"] == ["B.4*"]
    assert {tensor["name"] for tensor in found["tensors"] if tensor["passed"]} >= {"y", "grad.d"}


def test_so_does_a_program_that_cannot_be_run():
    def raises(config, params, x, dy):
        raise ValueError("no")

    found = as_json(validate(FunctionProgram(raises), "port.py:sab", "paper"))
    assert sorted(found) == sorted(DOCUMENTED)
    assert (found["verdict"], found["exit"], found["fits"], found["tensors"]) == ("unusable", 2, None, [])
    assert found["error"] == "it raises ValueError: no"


def test_what_json_lacks_is_text():
    found = as_json(Verdict("port.py:sab", ("paper", {"margin": float("inf")})))
    assert found["claim"] == {"preset": "paper", "fields": {"margin": "inf"}}
    json.dumps(found, allow_nan=False)
