"""Claims: from the command line to a configuration, and the sizes that a program takes."""

from __future__ import annotations

import pytest

from sabcore.errors import ConfigError, TargetError
from sabcore.validate.claim import accepted, claimed, parse, parse_exemptions
from sabcore.validate.program import FunctionProgram
from tests.validate.programs import implementation

SIZES = {"input_size": 3, "hidden_size": 4, "output_size": 5}
right = implementation()


def test_values_are_json_or_text():
    assert parse(["k_trunc=null", "k_top=5", "margin=-1e-7", "score_grad=false", "score=separable"]) == {
        "k_trunc": None,
        "k_top": 5,
        "margin": -1e-7,
        "score_grad": False,
        "score": "separable",
    }


def test_a_setting_needs_an_equals_sign():
    with pytest.raises(ConfigError, match="'k_trunc' should be FIELD=VALUE"):
        parse(["k_trunc"])


@pytest.mark.parametrize("text", ["grad.x", "grad.x=", "grad.x=  "])
def test_an_exemption_needs_a_reason(text):
    with pytest.raises(ConfigError, match="should be TENSOR=REASON"):
        parse_exemptions([text])
    assert parse_exemptions(["grad.x=not trained = yet"]) == {"grad.x": "not trained = yet"}


def test_a_claim_leaves_no_k_open():
    assert (claimed("paper", {}, SIZES).k_top, claimed("paper", {}, SIZES).k_trunc) == (3, 4)
    assert claimed("self_attention", {}, SIZES).k_top is None
    assert claimed("paper", {"k_top": 7, "k_trunc": None}, SIZES).k_trunc is None


def test_a_program_that_takes_anything_is_asked_with_sizes_that_differ():
    took = accepted(FunctionProgram(right), "paper", {})
    assert (took.config.input_size, took.config.hidden_size, took.B, took.notes) == (3, 4, 3, [])


def test_a_program_of_one_score_and_one_sequence_is_asked_with_these():
    def port(config, params, x, dy):
        if "u_q" not in params or x.shape[1] != 1:
            raise ValueError("no")
        return right(config, params, x, dy)

    took = accepted(FunctionProgram(port), "paper", {})
    assert (took.config.score, took.B) == ("separable", 1)
    assert "parameters of the separable score" in took.notes[0]
    with pytest.raises(TargetError, match="it raises ValueError: no"):
        accepted(FunctionProgram(port), "paper", {"score": "additive"})


def test_what_goes_wrong_whatever_the_sizes_is_asked_once():
    asked = []

    def port(config, params, x, dy):
        asked.append(x.shape)
        raise SystemExit

    with pytest.raises(TargetError, match="it ends the process"):
        accepted(FunctionProgram(port), "paper", {})
    assert len(asked) == 1
