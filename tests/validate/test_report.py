"""Reports: for people, for programs, for continuous integration, and a script that reproduces."""

from __future__ import annotations

import re
from pathlib import Path

from sabcore.validate.mistakes import MISTAKES
from sabcore.validate.mistakes.window import last_slots
from sabcore.validate.program import FunctionProgram
from sabcore.validate.report import SENTENCES, lines
from sabcore.validate.verdict import validate
from tests.validate.programs import implementation

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/validate.md").read_text(encoding="utf-8")


#: Mistakes that weigh differently in the runs that are asked for.
MIXED = ("memories detached", "output from s alone", "best scores as weights")


def verdict(mistake=None, claim="paper", exempt=None, **fields):
    mistakes = [found for found in MISTAKES if found.name == mistake]
    return validate(FunctionProgram(implementation(fields, mistakes)), "port.py:sab", claim, exempt=exempt)


def test_a_mistake_is_shown_as_the_line_of_the_plain_engine():
    report = "\n".join(lines(verdict("threshold not differentiated")))
    assert "mistaken: yours makes a mistake that is known" in report
    assert re.search(r"sabcore/step/sparsify.py, line \d+  \(S.1\*\)", report)
    assert "sabcore  da[..., self.rank - 1, :] -= da.sum(axis=-2)" in report
    assert "yours    da[..., self.rank - 1, :] -= 0 * da.sum(axis=-2)" in report
    assert "array(" not in report


def test_every_line_says_which_side_is_whose():
    report = list(lines(verdict(k_trunc=3)))
    assert "computes   paper with k_trunc = 3 (asked for k_trunc = 4)" in report
    differ = [line for line in report if line.startswith("differ")]
    assert differ
    assert all("sabcore" in line and "yours" in line for line in differ)


def test_the_numbers_of_a_line_are_of_one_run():
    """What departs by e of sabcore's largest value is no larger than 1 + e of it, and e no more than both together."""
    found = 0
    for mistake in MIXED:
        for line in lines(verdict(mistake)):
            if numbers := re.search(r"off by ([\d.e+-]+) of .*yours ([\d.e+-]+), sabcore ([\d.e+-]+)", line):
                off, yours, ours = map(float, numbers.groups())
                assert abs(yours / ours - 1) <= 1.1 * off + 0.01, line
                assert off <= 1.1 * (1 + yours / ours), line
                found += 1
    assert found > 5


def test_equivalent_configurations_stand_together():
    report = list(lines(verdict(k_top=2)))
    assert "  same as  paper with threshold_rank = k_top (asked for threshold_rank = k_top+1)" in report


def test_the_step_that_departs_is_one_of_the_run_that_departs():
    """The first question has 11 steps, which see no more than 10 slots; a longer one shows that the memory forgets."""
    report = list(lines(validate(FunctionProgram(implementation(mistakes=[last_slots(10)])), "port.py:sab", "paper")))
    assert any(line.startswith("asked") and "T=11" in line for line in report)
    assert any(line.startswith("departs    y at step 12 of 16: ") for line in report)
    assert "computes   paper, but: memory of the last 10 slots" in report


def test_every_verdict_is_documented():
    section = PAGE.partition("## The verdict")[2].partition("## ")[0]
    assert re.findall(r"^\| `(\w+)` \| [012]", section, re.MULTILINE) == list(SENTENCES)


def test_exemptions_are_strict():
    assert verdict("additive: w_a not learned", exempt={"grad.w_a": "w_a is fixed"}).exit == 0
    found = verdict(exempt={"grad.w_a": "w_a is fixed"})
    assert (found.exit, found.stale) == (1, ["grad.w_a"])
    assert any("is right: remove the exemption" in line for line in lines(found))
    assert verdict("memories detached", exempt={"grad.w_a": "w_a is fixed"}).exit == 1
