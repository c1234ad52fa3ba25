"""Gradients that are not linear in dy, as every gradient is: something limits them on their way back."""

from __future__ import annotations

import time
from collections.abc import Callable

from sabcore.errors import TargetError
from sabcore.model.config import SABConfig
from sabcore.validate.backward_search import search_backward
from sabcore.validate.describe import as_words
from sabcore.validate.observed import Observed
from sabcore.validate.ours import Hypothesis
from sabcore.validate.question import Question

#: A factor for dy, a billionth, that leaves every digit as it is, and with which no limit that people set is met.
_SMALL = 2.0**-30
_WHAT = "its gradients are not linear in dy: something limits them on the way back, as clamp or clip_grad_norm_ does"


def limits(
    observe: Callable[[Question], Observed], case: Observed, fits: list[Hypothesis], claim: SABConfig, deadline: float
) -> str | None:
    """A sentence about gradients that a small dy changes by more than its factor, and what they are there; or None.

    `fits`: hypotheses that explain the outputs.
    """
    question = case.question
    try:
        small = observe(question._replace(dy=_SMALL * question.dy))
    except TargetError:
        return None
    if case.error({name: small.theirs[name] / _SMALL for name in case.grads}, case.grads) <= 1:
        return None
    if time.process_time() < deadline and (found := search_backward(fits, [small], deadline).fits):
        return f"{_WHAT}; where dy is a billion times smaller, they are those of {as_words(found[0], claim)}"
    return _WHAT
