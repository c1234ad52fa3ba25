"""Which options of the configuration a program honours, found by asking with one of them changed."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sabcore.errors import TargetError
from sabcore.validate.backward_search import search_backward
from sabcore.validate.describe import as_words
from sabcore.validate.fields import Changes, changed, difference, field_names, values
from sabcore.validate.forward_search import search_forward
from sabcore.validate.observed import Observed
from sabcore.validate.ours import Hypothesis, answer
from sabcore.validate.program import Program
from sabcore.validate.question import Question

#: What is asked for, field by field; the first that differs visibly from the claim is taken.
_TRIED: dict[str, list[Changes]] = {
    "k_top": [{"k_top": 2}, {"k_top": 4}],
    "k_att": [{"k_att": 2}, {"k_att": 1}],
    "k_back": [{"k_back": 1}, {"k_back": 2}],
    "k_trunc": [{"k_trunc": 3}, {"k_trunc": 5}],
    "k_remind": [{"k_remind": 2}, {"k_remind": 3}, {"truncation": "sliding", "k_remind": 2}],
    "truncation": [{"truncation": "sliding"}, {"truncation": "segment"}],
    "segment_offset": [{"segment_offset": 1}, {"segment_offset": 0}],
    "sparsifier": [{"sparsifier": "softmax"}, {"sparsifier": "threshold"}],
    "threshold_rank": [{"threshold_rank": "k_top"}, {"threshold_rank": "k_top+1"}],
    "margin": [{"margin": 0.05}],
    "eps": [{"eps": 0.1}],
    "small_memory": [{"small_memory": "raw"}, {"small_memory": "threshold"}],
    "temperature": [{"temperature": 2.0}],
    "memory_start": [{"memory_start": "zero_state"}, {"memory_start": "empty"}],
    "score_grad": [{"score_grad": False}, {"score_grad": True}],
}
#: How much larger than what is allowed a difference must be to be seen.
_VISIBLE = 1e3
#: Seconds of search for what an option that is not honoured does instead.
_SECONDS = 1.0


class Option(NamedTuple):
    """One option: what was asked for, and the outcome: "honoured", "ignored", "refused", "otherwise" (another
    configuration, `said`), or "wrong"."""

    field: str
    changes: Changes
    outcome: str
    said: str = ""
    case: Observed | None = None


def options(program: Program, base: Observed, skip: Sequence[str] = ()) -> Iterator[Option]:
    """Each field's outcome, but for some, for a program that answers the base question as its configuration says."""
    for name in [*field_names(forward=True), *field_names(forward=False)]:
        question = None if name in skip else _asked(name, base)
        if question is not None:
            yield _outcome(program, base, name, question)


def _asked(name: str, base: Observed) -> Question | None:
    """The base question with this field changed, if the right answer then is another one, in what they give."""
    claim = base.question.config
    for changes in _TRIED.get(name) or [{name: value} for value in values(name, getattr(claim, name), claim.k_trunc)]:
        config = changed(claim, changes)
        if config is None or name not in difference(config, claim):
            continue  # no configuration, the same one, or one in which this field means nothing
        question = base.question._replace(config=config)
        found = answer(Hypothesis(config), question)
        if found is not None and base.error(found, base.outputs + base.grads) > _VISIBLE:
            return question
    return None


def _outcome(program: Program, base: Observed, name: str, question: Question) -> Option:
    changes = {
        key: value for key, value in question.config.to_dict().items() if value != getattr(base.question.config, key)
    }
    try:
        got = program.ask(question)
    except TargetError as error:
        return Option(name, changes, "refused", str(error))
    case = Observed(question, got, base.dtype)
    right = answer(Hypothesis(question.config), question)
    names = case.outputs + case.grads
    if right is not None and case.error(right, names) <= 1:
        return Option(name, changes, "honoured")
    if case.error(base.theirs, names) <= 1:
        return Option(name, changes, "ignored")
    search = search_forward(question.config, [case], time.process_time() + _SECONDS)
    fits = [fit for fit in search.fits if not fit.mistakes]
    fits = search_backward(fits, [case], time.process_time() + _SECONDS).fits if case.grads else fits
    if fits and not fits[0].mistakes:
        return Option(name, changes, "otherwise", f"it computes {as_words(fits[0], question.config)}")
    return Option(name, changes, "wrong", case=case)
