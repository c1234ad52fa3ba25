"""A verdict as JUnit XML."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from sabcore import SABConfig
from sabcore.validate.judge import Judgement, TensorCheck
from sabcore.validate.junit import as_xml
from sabcore.validate.verdict import Verdict

CLAIM = SABConfig.paper(input_size=3, hidden_size=4, output_size=5, k_top=3)


def suite(verdict: Verdict) -> ElementTree.Element:
    return ElementTree.fromstring(as_xml(verdict))


def judged(word: str, *tensors: TensorCheck, **exempt: str) -> Verdict:
    judgement = Judgement(CLAIM, word, independent=True, tensors=list(tensors))
    return Verdict("port.py:sab", ("paper", {}), judgement, exempt=exempt)


def failures(verdict: Verdict) -> list[str | None]:
    return [case.get("name") for case in suite(verdict) if case.find("failure") is not None]


def test_every_tensor_is_a_case():
    found = suite(judged("right", TensorCheck("y", 0.0, True), TensorCheck("grad.b", 1e-12, True)))
    assert [case.get("name") for case in found] == ["verdict", "independence of sequences", "y", "grad.b"]
    assert (found.get("tests"), found.get("failures")) == ("4", "0")


def test_what_is_wrong_fails():
    verdict = judged("unexplained", TensorCheck("y", 0.0, True), TensorCheck("grad.b", 0.5, False))
    assert failures(verdict) == ["verdict", "grad.b"]
    assert suite(verdict).get("failures") == "2"


def test_an_exemption_is_said_and_a_stale_one_fails():
    wrong, right = TensorCheck("grad_b", 0.5, False), TensorCheck("y", 0.0, True)
    exempt = judged("unexplained", wrong, right, grad_b="not trained")
    assert failures(exempt) == []
    assert "exempt: not trained" in as_xml(exempt)
    assert failures(judged("right", right, y="not trained")) == ["verdict", "y"]


@pytest.mark.parametrize("error", ["it raises ValueError", "it prints \x1b[31m\x00"])
def test_a_program_that_cannot_be_run_passes_nothing(error):
    verdict = Verdict("port\x07.py:sab", error=error)
    assert failures(verdict) == ["verdict"]
    assert len(suite(verdict)) == 1
