"""A verdict as JUnit XML, for continuous integration: a test case for each step and each tensor."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree

from sabcore.validate.report import SENTENCES, lines
from sabcore.validate.verdict import Verdict


def as_xml(verdict: Verdict) -> str:
    """One suite. A program that cannot be run is an error, and so a suite without a passing case."""
    cases = list(_cases(verdict))
    failures = sum(failure is not None for _, failure, _ in cases)
    suite = ElementTree.Element(
        "testsuite", name="sab validate", tests=str(len(cases)), failures=str(failures), errors="0", skipped="0"
    )
    for name, failure, exempt in cases:
        case = ElementTree.SubElement(suite, "testcase", classname=_clean(verdict.target), name=name)
        if failure is not None:
            ElementTree.SubElement(case, "failure", message=_clean(failure)).text = _clean("\n".join(lines(verdict)))
        elif exempt:
            ElementTree.SubElement(case, "system-out").text = _clean(f"exempt: {exempt}")
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _cases(verdict: Verdict) -> Iterator[tuple[str, str | None, str | None]]:
    """A name, why it failed, and why it is exempt."""
    yield "verdict", None if verdict.exit == 0 else SENTENCES[verdict.verdict], None
    if verdict.judgement is None:
        return
    leaks = "sequences influence each other" if verdict.judgement.independent is False else None
    yield "independence of sequences", leaks, None
    for tensor in verdict.judgement.tensors:
        exempt = verdict.exempt.get(tensor.name)
        stale = f"exempt, but right: {exempt}" if tensor.name in verdict.stale else None
        wrong = None if tensor.passed or exempt else f"off by {tensor.error:.1e} of sabcore's largest value"
        yield tensor.name, stale or wrong, exempt


def _clean(text: str) -> str:
    """Without characters that XML cannot hold."""
    return "".join(character for character in text if character in "\t\n\r" or character >= " ")
