"""A verdict for people: which side is whose in every line, and never a whole tensor."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sabcore.validate.describe import as_words, mistake_lines
from sabcore.validate.fields import as_text, difference
from sabcore.validate.judge import Judgement
from sabcore.validate.observed import ALLOWED
from sabcore.validate.ours import Hypothesis, answer
from sabcore.validate.verdict import Verdict

#: The verdicts, each as the sentence that it stands for; docs/validate.md explains them.
SENTENCES = {
    "right": "yours computes what it was asked for",
    "ties": "yours computes what it was asked for, except where two scores are exactly equal",
    "other": "yours computes another configuration",
    "mistaken": "yours makes a mistake that is known",
    "mapping": "yours has parameters or gradients in the wrong place",
    "dependent": "yours lets the sequences of a batch influence each other",
    "unexplained": "yours computes something that no hypothesis explains",
    "wiring": "yours gives an answer that cannot be compared",
    "unusable": "yours cannot be run",
}
_WIDTH = 11


def lines(verdict: Verdict) -> Iterator[str]:
    """The report, line by line."""
    yield _row("target", verdict.target)
    if verdict.claim:
        preset, fields = verdict.claim
        yield _row("claim", f"{preset}{' with ' + as_text(fields) if fields else ''}")
    yield _row("verdict", f"{verdict.verdict}: {SENTENCES[verdict.verdict]}")
    judgement = verdict.judgement
    if judgement is None:
        yield _row("why", verdict.error or "")
    else:
        yield from _found(verdict, judgement)
    for name, why in verdict.refused.items():
        yield _row("refused", f"{name}: {why}")
    for name in verdict.stale:
        yield _row("exempt", f"{name} is exempt ({verdict.exempt[name]}), but is right: remove the exemption")
    yield from (_row("note", note) for note in [*verdict.notes, *(judgement.notes if judgement else [])])


def _row(title: str, text: str) -> str:
    return f"{title:<{_WIDTH}}{text}"


def _found(verdict: Verdict, judgement: Judgement) -> Iterator[str]:
    config, (T, B) = judgement.claim, judgement.asked
    sizes = f"T={T}, B={B}, I={config.input_size}, H={config.hidden_size}, O={config.output_size}"
    yield _row("asked", f"{as_words(Hypothesis(config), config)}; {sizes}, {judgement.dtype}")
    if verdict.presets:
        yield _row("is", ", ".join(verdict.presets))
    yield from _what(judgement)
    if judgement.departs:
        of = f" of {len(judgement.worst.question.x)}" if judgement.worst else ""
        where = f" at step {judgement.departs.step}{of}" if judgement.departs.step else ""
        yield _row("departs", f"{judgement.departs.tensor}{where}: {judgement.departs.why}")
    for leak in judgement.leaks:
        moved = f"{leak.tensor} of sequences with the same input moved by {leak.moved:.1e} from step {leak.step} on"
        yield _row("leaks", moved)
    yield from _tensors(verdict, judgement)
    for outcome in dict.fromkeys(option.outcome for option in verdict.options):
        if outcome in ("refused", "otherwise"):
            yield from (_row(outcome, f"{o.field}: {o.said}") for o in verdict.options if o.outcome == outcome)
            continue
        yield _row(outcome, ", ".join(option.field for option in verdict.options if option.outcome == outcome))


def _what(judgement: Judgement) -> Iterator[str]:
    """What fits, or what comes nearest."""
    for number, fit in enumerate(judgement.fits):
        changes = difference(fit.config, judgement.claim)
        asked = f" (asked for {as_text({name: getattr(judgement.claim, name) for name in changes})})" if changes else ""
        yield _row("computes" if not number else "  same as", as_words(fit, judgement.claim) + asked)
    for mistake in judgement.fits[0].mistakes if judgement.fits else ():
        yield from (_row("mistake" if not place else "", line) for place, line in enumerate(mistake_lines(mistake)))
    if not judgement.fits:
        yield from (_row("nearest", as_words(tried.hypothesis, judgement.claim)) for tried in judgement.nearest)


def _tensors(verdict: Verdict, judgement: Judgement) -> Iterator[str]:
    """One line for all tensors that agree, and one for each that does not."""
    right = [tensor.name for tensor in judgement.tensors if tensor.passed]
    if right:
        yield _row("agree", ", ".join(right))
    for tensor in judgement.tensors:
        if not tensor.passed:
            excuse = f"; exempt: {verdict.exempt[tensor.name]}" if tensor.name in verdict.exempt else ""
            yield _row("differ", f"{tensor.name}: {_statistics(judgement, tensor.name, tensor.error)}{excuse}")


def _statistics(judgement: Judgement, name: str, error: float) -> str:
    """How far and how often a tensor departs in the run that departed first; how far in others, if only there."""
    case = judgement.worst
    ours = answer(Hypothesis(judgement.claim), case.question) if case else None
    if case is None or ours is None or name not in ours or case.theirs[name].shape != ours[name].shape:
        return f"off by {error:.1e} of sabcore's largest value"
    if case.error(ours, [name]) <= 1:
        return f"off by {error:.1e} of sabcore's largest value, in other runs than the one that departs first"
    theirs, own = case.theirs[name].astype(np.float64), ours[name]
    apart = ~(np.abs(theirs - own) <= ALLOWED[case.dtype] * case.scale(ours, name))
    sides = f"largest value: yours {np.abs(theirs).max():.3g}, sabcore {np.abs(own).max():.3g}"
    factor = float((theirs * own).sum() / max((own**2).sum(), np.finfo(np.float64).tiny))
    if apart.any() and case.error({name: factor * own}, [name]) <= 1:
        sides = f"yours is {factor:.6g} times sabcore's"
    error = case.relative(ours, name)
    return f"off by {error:.1e} of sabcore's largest value, {apart.sum()} of {apart.size} elements; {sides}"
