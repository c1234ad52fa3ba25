"""The whole run: which question is judged, what is said of the others, and the exit code."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from sabcore import PRESETS, SABConfig
from sabcore.errors import ConfigError, TargetError
from sabcore.validate import verdict as module
from sabcore.validate.cases import ask
from sabcore.validate.claim import claimed
from sabcore.validate.judge import Judgement, TensorCheck
from sabcore.validate.observed import Observed
from sabcore.validate.options import Option
from sabcore.validate.program import FunctionProgram
from sabcore.validate.question import Answer
from sabcore.validate.verdict import Verdict, validate
from tests.validate.programs import implementation

CLAIM = SABConfig.paper(input_size=3, hidden_size=4, output_size=5, k_top=3, k_trunc=4)
#: What is tried first.
SHAPE = {"input_size": 3, "hidden_size": 4, "output_size": 5, "attention_size": None}
right = implementation()


def verdict(*failed: str, word: str = "unexplained", independent: bool = True, exempt: Any = ()) -> Verdict:
    """A verdict on the tensors y and grad.x, of which some failed."""
    tensors = [TensorCheck(name, 0.0, name not in failed) for name in ("y", "grad.x")]
    judgement = Judgement(CLAIM, word, independent=independent, tensors=tensors)
    return Verdict("port.py:sab", judgement=judgement, exempt=dict.fromkeys(exempt, "why"))


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (verdict(word="right"), 0),
        (verdict(word="ties"), 0),
        (verdict("y", word="other"), 1),
        (verdict("grad.x"), 1),
        (verdict("grad.x", exempt=["grad.x"]), 0),
        (verdict("y", "grad.x", exempt=["grad.x"]), 1),
        (verdict("grad.x", exempt=["grad.x"], word="dependent", independent=False), 1),
        (verdict(word="right", exempt=["grad.x"]), 1),
        (verdict("grad.x", exempt=["grad.x", "grad.z"]), 1),
        (Verdict("", judgement=Judgement(CLAIM, "right")), 1),
        (Verdict("", error="it raises"), 2),
    ],
)
def test_the_exit_code(found, code):
    """Exemptions excuse their own tensors alone, no dependence between sequences, and must be needed."""
    assert found.exit == code


def test_what_failed_and_what_is_exempt_for_nothing():
    found = verdict("grad.x", "y", exempt=["grad.x", "grad.z"])
    assert (found.failed, found.stale) == (["y"], ["grad.z"])
    assert (Verdict("").failed, Verdict("").stale, Verdict("").verdict) == ([], [], "unusable")


@dataclass
class Judged:
    """What was judged and with which options, in order; `words`: the judgements to be given, the rest is right."""

    words: dict[str, str] = field(default_factory=dict)
    configs: list[SABConfig] = field(default_factory=list)
    skipped: list[list[str]] = field(default_factory=list)
    wrong: list[Option] = field(default_factory=list)


@pytest.fixture
def judged(monkeypatch):
    """Judges and options are played: what they find is tested elsewhere."""
    played = Judged()

    class Judge:
        def __init__(self, program, config, B, say):
            self.config = config

        def judge(self):
            played.configs.append(self.config)
            word = played.words.get(preset_of(self.config), "right")
            question = ask(self.config, 1, 3, 2)
            found = Judgement(self.config, word, tensors=[TensorCheck("y", 0.0, True)])
            found.cases = [Observed(question, Answer({}))]
            return found

    def options(program, case, skip):
        played.skipped.append(list(skip))
        return [Option("k_att", {"k_att": 2}, "honoured"), *played.wrong]

    monkeypatch.setattr(module, "Judge", Judge)
    monkeypatch.setattr(module, "options", options)
    return played


def preset_of(config: SABConfig) -> str:
    """The preset that a configuration is, if any."""
    return next((name for name in PRESETS if claimed(name, {}, SHAPE) == config), "")


def test_a_claim_is_judged_as_it_is_made(judged):
    found = validate(FunctionProgram(right), "it", "paper", {"k_top": 2, "margin": 0.1})
    (config,) = judged.configs
    assert (config.k_top, config.margin, config.k_trunc, config.score) == (2, 0.1, 4, "additive")
    assert found.claim == ("paper", {"k_top": 2, "margin": 0.1})
    assert (found.exit, [option.field for option in found.options]) == (0, ["k_att"])


def test_options_are_asked_of_what_is_right_alone(judged):
    judged.words["paper"] = "mistaken"
    found = validate(FunctionProgram(right), "it", "paper")
    assert (found.verdict, found.options, judged.skipped) == ("mistaken", [], [])


def test_an_option_that_is_wrong_becomes_the_verdict(judged):
    config = SABConfig.from_dict(CLAIM.to_dict() | {"k_att": 2})
    case = Observed(ask(config, 1, 3, 2), Answer({}))
    judged.wrong = [Option("k_att", {"k_att": 2}, "wrong", case=case)]
    found = validate(FunctionProgram(right), "it", "paper")
    assert judged.configs[1] == config
    assert found.notes == ["right as claimed; asked for k_att = 2, it computes something else"]


def test_parameters_of_the_other_score_are_another_configuration(judged):
    """It is right about what it takes, and that is not what was claimed."""

    def separable(config, params, x, dy):
        if "u_q" not in params:
            raise ValueError("no u_q")
        return right(config, params, x, dy)

    found = validate(FunctionProgram(separable), "it", "paper")
    assert judged.configs[0].score == "separable"
    assert found.verdict == "other"
    assert found.judgement is not None
    assert found.judgement.claim.score == "additive"
    assert validate(FunctionProgram(separable), "it", "paper", {"score": "separable"}).verdict == "right"


def test_without_a_claim_all_that_it_is_are_judged(judged):
    found = validate(FunctionProgram(right), "it")
    assert found.presets == list(PRESETS) == [preset_of(config) for config in judged.configs]
    assert (found.claim, found.refused) == (None, {})
    assert judged.skipped == [["k_att"] * number for number in range(len(PRESETS))]


def test_one_that_only_has_ties_has_that_verdict(judged):
    judged.words["released"] = "ties"
    assert validate(FunctionProgram(right), "it").verdict == "ties"


def test_what_it_refuses_is_said_and_no_failure(judged):
    def plain(config, params, x, dy):
        if config["k_top"] != 0:
            raise ValueError("no memory here")
        return right(config, params, x, dy)

    found = validate(FunctionProgram(plain), "it")
    assert (found.presets, found.exit) == (["lstm"], 0)
    assert found.refused == {name: "it raises ValueError: no memory here" for name in PRESETS if name != "lstm"}


def test_one_that_is_the_same_whatever_is_asked_is_that(judged):
    fields = {name: value for name, value in CLAIM.to_dict().items() if not name.endswith("_size")}

    def paper(config, params, x, dy):
        if "W_m" not in params:
            raise ValueError("no score of that kind")
        return implementation(fields)(config, params, x, dy)

    found = validate(FunctionProgram(paper), "it")
    assert found.presets == ["paper"]
    assert [preset_of(config) for config in judged.configs] == ["paper"]


def test_something_else_again_is_judged_before_what_is_right(judged):
    def half(config, params, x, dy):
        found = right(config, params, x, dy)
        return found if config["sparsifier"] == "threshold" else found | {"y": 2 * found["y"]}

    judged.words["self_attention"] = "unexplained"
    found = validate(FunctionProgram(half), "it")
    assert [preset_of(config) for config in judged.configs] == ["self_attention"]
    assert found.verdict == "unexplained"
    assert set(found.presets) == set(PRESETS) - {"self_attention", "sab2017"}


def test_nothing_that_it_takes_is_an_error():
    def raises(config, params, x, dy):
        raise ValueError(f"no {config['sparsifier']}")

    found = validate(FunctionProgram(raises), "it")
    assert (found.exit, found.error, found.verdict) == (2, "it raises ValueError: no threshold", "unusable")


@pytest.mark.parametrize("kind", ["load", "ended", "time", "memory"])
def test_what_goes_wrong_for_every_preset_is_asked_for_once(kind):
    asked = []

    class Program(FunctionProgram):
        def ask(self, question):
            asked.append(question)
            raise TargetError("why", kind)

    found = validate(Program(right), "it")
    assert (found.error, found.exit, len(asked)) == ("why", 2, 1)


def test_a_claim_that_is_none_is_refused_before_anything_is_judged(judged):
    with pytest.raises(ConfigError, match="k_topp"):
        validate(FunctionProgram(right), "it", "paper", {"k_topp": 3})
    assert judged.configs == []


def test_it_says_what_it_does(judged):
    said: list[str] = []
    validate(FunctionProgram(right), "port.py:sab", say=said.append)
    assert said[0] == "loading port.py:sab"
    assert [line for line in said if line.startswith("asking for ")] == [f"asking for {name}" for name in PRESETS]
