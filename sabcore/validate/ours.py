"""What the plain engine, right or with mistakes in it, answers to a question."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from sabcore.engine import plain
from sabcore.model.config import SABConfig
from sabcore.validate.fields import SIZES, as_fields
from sabcore.validate.mistakes import Mistake
from sabcore.validate.mistakes.build import Engine, build
from sabcore.validate.question import Question, Tensors

#: What a wrong engine, or one that lacks parameters, may raise: it has then no answer.
BREAKS = (AttributeError, IndexError, KeyError, TypeError, ValueError, ArithmeticError)
_RIGHT = Engine(SABConfig, plain.forward, plain.backward)


class Hypothesis(NamedTuple):
    """A configuration, and mistakes on top of it: what a program may compute."""

    config: SABConfig
    mistakes: tuple[Mistake, ...] = ()


class Run(NamedTuple):
    """A forward pass and what its backward pass needs; `outputs` are y, h, c and, with a memory, s."""

    hypothesis: Hypothesis
    engine: Engine
    params: Tensors
    tape: Any
    outputs: Tensors


def run_forward(hypothesis: Hypothesis, question: Question) -> Run | None:
    """The forward pass; None if this hypothesis has no answer to the question."""
    try:
        engine, params = _engine(hypothesis.mistakes), question.params
        for mistake in hypothesis.mistakes:
            params = mistake.takes(params) if mistake.takes else params
        config = _config(engine, hypothesis.config, question)
        with np.errstate(all="ignore"):
            y, tape = engine.forward(config, params, question.x, *question.states)
    except BREAKS:
        return None
    outputs = {"y": y, "h": tape.h, "c": tape.c} | ({} if tape.s is None else {"s": tape.s})
    return Run(hypothesis, engine, params, tape, outputs)


def run_backward(run: Run, question: Question, config: SABConfig | None = None) -> Tensors | None:
    """The gradients, as grad.NAME; under another `config`, if that differs in the backward pass alone."""
    try:
        own = _config(run.engine, config or run.hypothesis.config, question)
        with np.errstate(all="ignore"):
            grads = run.engine.backward(own, run.params, run.tape, question.dy)
        for mistake in run.hypothesis.mistakes:
            grads = mistake.gives(grads) if mistake.gives else grads
    except BREAKS:
        return None
    return {f"grad.{name}": value for name, value in grads.items()}


def answer(hypothesis: Hypothesis, question: Question) -> Tensors | None:
    """Outputs and gradients; None if this hypothesis has no answer to the question."""
    run = run_forward(hypothesis, question)
    grads = None if run is None else run_backward(run, question)
    return None if run is None or grads is None else run.outputs | grads


def _engine(mistakes: tuple[Mistake, ...]) -> Engine:
    inside = tuple(mistake for mistake in mistakes if mistake.changes or mistake.replace)
    return _built(inside) if inside else _RIGHT


@cache
def _built(mistakes: tuple[Mistake, ...]) -> Engine:
    return build(mistakes)


def _config(engine: Engine, config: SABConfig, question: Question) -> Any:
    """The hypothesis's configuration in the question's sizes, as the engine's own kind of record."""
    sizes = {name: getattr(question.config, name) for name in SIZES}
    fields = as_fields(config) | sizes
    return engine.config(**fields) if engine is not _RIGHT or fields != as_fields(config) else config
