"""Programs to be found out: the plain engine with a choice of its own, or with mistakes in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from sabcore import SABConfig
from sabcore.engine import plain
from sabcore.validate.mistakes import Mistake
from sabcore.validate.mistakes.build import Engine, build
from sabcore.validate.question import Tensors

RIGHT = Engine(SABConfig, plain.forward, plain.backward)


def implementation(
    fields: Mapping[str, Any] | None = None,
    mistakes: Sequence[Mistake] = (),
    after: Callable[[Tensors], Tensors] = lambda answer: answer,
) -> Callable[..., Tensors]:
    """A program that does as it is asked, but for these fields and mistakes; `after` changes what it answers."""
    from_states = implementation_with_states(fields, mistakes)

    def program(config: dict[str, Any], params: Tensors, x: np.ndarray, dy: np.ndarray) -> Tensors:
        answer = from_states(config, params, x, dy)
        return after({name: value for name, value in answer.items() if name not in ("grad.h0", "grad.c0")})

    return program


def implementation_with_states(
    fields: Mapping[str, Any] | None = None, mistakes: Sequence[Mistake] = ()
) -> Callable[..., Tensors]:
    """The same of a program that takes initial states, and gives their gradients."""
    engine = build(mistakes) if mistakes else RIGHT

    def program(
        config: dict[str, Any], params: Tensors, x: np.ndarray, dy: np.ndarray, h0: Any = None, c0: Any = None
    ) -> Tensors:
        for mistake in mistakes:
            params = mistake.takes(params) if mistake.takes else params
        own = engine.config(**{**config, **(fields or {})})
        zeros = np.zeros((x.shape[1], own.hidden_size))
        with np.errstate(all="ignore"):
            y, tape = engine.forward(own, params, x, zeros if h0 is None else h0, zeros if c0 is None else c0)
            grads = engine.backward(own, params, tape, dy)
        for mistake in mistakes:
            grads = mistake.gives(grads) if mistake.gives else grads
        return {"y": y} | {f"grad.{name}": value for name, value in grads.items()}

    return program
