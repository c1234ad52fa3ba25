"""Configurations that are one function: found by what they compute, and by the rules that make them so."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from sabcore.errors import TargetError
from sabcore.model.config import SABConfig
from sabcore.validate.cases import ask, small_scores
from sabcore.validate.fields import changed, difference
from sabcore.validate.observed import Observed
from sabcore.validate.ours import Hypothesis, answer
from sabcore.validate.question import Answer, Question

#: Steps of the questions that are searched for one that tells two hypotheses apart.
_STEPS = (3, 7, 12, 25, 40)
#: Two answers differ if their error is this many times what is allowed: less is not worth asking about.
_DIFFERENT = 10.0


def rewritten(config: SABConfig, claim: SABConfig) -> Iterator[SABConfig]:
    """Other ways to write the same function, to be verified: rules of the spec, turned towards the claim."""
    if config.k_top and config.sparsifier == "threshold":
        if config.threshold_rank == "k_top":
            yield from _some(config, threshold_rank="k_top+1", k_top=config.k_top - 1)
        else:
            yield from _some(config, threshold_rank="k_top", k_top=config.k_top + 1)
    for name in ("memory_start", "small_memory", "threshold_rank", "margin", "eps", "temperature", "score_grad"):
        yield from _some(config, **{name: getattr(claim, name)})
    yield from _some(config, memory_start="empty" if config.memory_start == "zero_state" else "zero_state")


def _some(config: SABConfig, **changes: object) -> Iterator[SABConfig]:
    found = changed(config, changes)
    if found is not None:
        yield found


def separating(one: Hypothesis, other: Hypothesis, claim: SABConfig, B: int, grads: bool) -> Question | None:
    """A question that two hypotheses answer differently; None if none of those tried does."""
    for scores in dict.fromkeys((1.0, small_scores(claim))):
        for seed, T in enumerate(_STEPS, start=11):
            question = ask(claim, seed, T, B, scores=scores)
            if different(one, other, question, grads):
                return question
    return None


def different(one: Hypothesis, other: Hypothesis, question: Question, grads: bool) -> bool:
    """Whether two hypotheses' answers to a question are told apart, by outputs, and gradients if `grads`."""
    first, second = answer(one, question), answer(other, question)
    if first is None or second is None:
        return first is not second
    case = Observed(question, Answer(first))
    names = ["y", *(name for name in first if grads and name.startswith("grad.") and name in second)]
    return not case.error(second, names) <= _DIFFERENT


def settle(
    fits: list[Hypothesis],
    claim: SABConfig,
    observe: Callable[[Question], Observed],
    B: int,
    grads: bool,
    deadline: float,
) -> list[Hypothesis]:
    """Those of `fits` that no question tried tells from the first one, after asking the program where some differ."""
    fits = list(fits)
    place = 1
    while place < len(fits) and time.process_time() < deadline:
        question = separating(fits[0], fits[place], claim, B, grads)
        if question is None:
            place += 1
            continue
        try:
            case = observe(question)
        except TargetError:
            place += 1
            continue
        kept = [fit for fit in fits if _fits(fit, case, grads)]
        if len(kept) in (0, len(fits)):
            place += 1
        else:
            fits, place = kept, 1
    return fits


def _fits(hypothesis: Hypothesis, case: Observed, grads: bool) -> bool:
    found = answer(hypothesis, case.question)
    return found is not None and case.error(found, ["y", *(case.grads if grads else [])]) <= 1


def with_rewritings(fits: list[Hypothesis], claim: SABConfig, B: int, grads: bool) -> list[Hypothesis]:
    """`fits`, and other configurations that compute what the first does; nearest to the claim first."""
    first, found = fits[0], list(fits)
    near = len(difference(first.config, claim)) + 1
    for config in rewritten(first.config, claim):
        other = first._replace(config=config)
        if len(difference(config, claim)) > near or other in found:
            continue
        if separating(first, other, claim, B, grads) is None:
            found.append(other)
    return sorted(found, key=lambda fit: (len(fit.mistakes), len(difference(fit.config, claim))))
