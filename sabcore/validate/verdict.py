"""The whole run: a target, perhaps a claim, and the verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sabcore.errors import TargetError
from sabcore.model.config import PRESETS, SABConfig
from sabcore.validate.cases import ask
from sabcore.validate.claim import Accepted, accepted
from sabcore.validate.fields import as_text, difference
from sabcore.validate.judge import Judge, Judgement
from sabcore.validate.observed import Observed
from sabcore.validate.options import Option, options
from sabcore.validate.ours import Hypothesis, answer
from sabcore.validate.program import Program
from sabcore.validate.wiring import answer_problems, dtype_of

RIGHT, WRONG, UNUSABLE = 0, 1, 2
Say = Callable[[str], None]


@dataclass
class Verdict:
    """What `sab validate` found. `judgement` is None if the program cannot be run, and `error` says why.

    `claim`: the preset and the fields that were claimed, if any. `presets`: those that the program is, of all that were
    asked. `refused`: those that it does not answer, and why. `exempt`: tensors that need not be right, with reasons.
    """

    target: str
    claim: tuple[str, dict[str, Any]] | None = None
    judgement: Judgement | None = None
    error: str | None = None
    presets: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    options: list[Option] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    exempt: dict[str, str] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """One word: see docs/validate.md."""
        return "unusable" if self.judgement is None else self.judgement.verdict

    @property
    def failed(self) -> list[str]:
        """The tensors that are not the claim's and are not exempt."""
        tensors = self.judgement.tensors if self.judgement else []
        return [tensor.name for tensor in tensors if not tensor.passed and tensor.name not in self.exempt]

    @property
    def stale(self) -> list[str]:
        """Exemptions without a failure: an exemption is strict, and what passes unexpectedly fails."""
        tensors = self.judgement.tensors if self.judgement else []
        failing = {tensor.name for tensor in tensors if not tensor.passed}
        return [name for name in self.exempt if name not in failing]

    @property
    def exit(self) -> int:
        """0 if the program is what was asked for, 1 if not, 2 if it cannot be run."""
        if self.judgement is None:
            return UNUSABLE
        if self.stale or not self.judgement.tensors:
            return WRONG
        excused = self.exempt and self.judgement.independent is not False and not self.failed
        return RIGHT if self.judgement.right or excused else WRONG


def validate(
    program: Program,
    target: str,
    claim: str | None = None,
    fields: Mapping[str, Any] | None = None,
    exempt: Mapping[str, str] | None = None,
    say: Say = lambda line: None,
) -> Verdict:
    """Find out what a program computes; with a `claim`, a preset's name, whether it is that with `fields` set.

    Raises:
        ConfigError: a claim that is no configuration.
    """
    given = dict(fields or {})
    found = Verdict(target, (claim, given) if claim else None, exempt=dict(exempt or {}))
    try:
        say(f"loading {target}")
        program.start()
        if claim:
            takes = accepted(program, claim, given)
            found.notes += takes.notes
            found.judgement = _judge_with_options(found, program, [(takes, _asked_for(takes, claim, given))], say)
        else:
            found.judgement = _of_all_presets(found, program, given, say)
    except TargetError as error:
        found.error = str(error)
    return found


def _asked_for(takes: Accepted, claim: str, fields: Mapping[str, Any]) -> SABConfig:
    """The claim in the sizes that the program takes, though its parameters be those of the other score."""
    score = fields.get("score", PRESETS[claim].get("score", "additive"))
    return SABConfig.from_dict(takes.config.to_dict() | {"score": score})


def _of_all_presets(found: Verdict, program: Program, fields: Mapping[str, Any], say: Say) -> Judgement:
    """Ask for every preset; judge those that it is, and any that it answers with something else again."""
    takes: dict[str, Accepted] = {}
    first: TargetError | None = None
    for preset in PRESETS:
        say(f"asking for {preset}")
        try:
            takes[preset] = accepted(program, preset, fields)
        except TargetError as error:
            first = first or error
            if error.kind in ("load", "ended", "time", "memory"):
                raise
            found.refused[preset] = str(error)
    if first is not None and not takes:
        raise first
    looks = {preset: _looks_right(program, took) for preset, took in takes.items()}
    found.presets = [preset for preset, right in looks.items() if right]
    others = [takes[preset] for preset, right in looks.items() if not right]
    strange = [took for took in others if not _is_one_of(program, took, [takes[name] for name in found.presets])]
    if strange or not found.presets:
        took = min(strange or others, key=lambda took: len(took.notes))
        found.notes += took.notes
        return Judge(program, took.config, took.B, say).judge()
    rights = [(takes[name], takes[name].config) for name in found.presets]
    found.notes += rights[0][0].notes
    return _judge_with_options(found, program, rights, say)


def _observe(program: Program, took: Accepted) -> Observed | None:
    """The program's answer for a configuration, if it can be compared."""
    question = ask(took.config, 1, 12, took.B)
    got = program.ask(question)
    return None if list(answer_problems(question, got)) else Observed(question, got, dtype_of(got))


def _looks_right(program: Program, took: Accepted) -> bool:
    case = _observe(program, took)
    return case is not None and _is(case, took.config)


def _is_one_of(program: Program, took: Accepted, rights: list[Accepted]) -> bool:
    """Whether the program computes, though asked for another preset, one that it computes when asked for it."""
    case = _observe(program, took)
    return case is not None and any(_is(case, right.config) for right in rights)


def _is(case: Observed, config: SABConfig) -> bool:
    ours = answer(Hypothesis(config), case.question)
    return ours is not None and case.error(ours, case.outputs + case.grads) <= 1


def _judge_with_options(
    found: Verdict, program: Program, claims: list[tuple[Accepted, SABConfig]], say: Say
) -> Judgement:
    """The judgement of the first claim; if it is right, those of the others and of every option as well."""
    judgements = []
    for took, claim in claims:
        judgement = Judge(program, took.config, took.B, say).judge()
        if judgement.right and difference(took.config, claim):
            judgement.verdict, judgement.claim = "other", claim
        if not judgement.right:
            return judgement
        judgements.append(judgement)
        say("asking with other options")
        found.options += options(program, judgement.cases[0], skip=[option.field for option in found.options])
        wrong = [option for option in found.options if option.outcome == "wrong"]
        if wrong and wrong[0].case is not None:
            found.notes.append(f"right as claimed; asked for {as_text(wrong[0].changes)}, it computes something else")
            return Judge(program, wrong[0].case.question.config, took.B, say).judge()
    return next((judgement for judgement in judgements if judgement.verdict == "ties"), judgements[0])
