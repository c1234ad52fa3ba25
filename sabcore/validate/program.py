"""A program that can be asked: in a process of its own, or a function at hand."""

from __future__ import annotations

from typing import Protocol

from sabcore.validate.question import Answer, Question
from sabcore.validate.target import Implementation, call, takes_states


class Program(Protocol):
    """Somebody's program, as the validator sees it."""

    takes_states: bool

    def start(self) -> None:
        """Be ready to be asked; load what must be loaded."""
        ...

    def stop(self) -> None:
        """Forget everything: the next question meets a fresh program."""
        ...

    def ask(self, question: Question) -> Answer:
        """The answer, or a TargetError."""
        ...

    def close(self) -> None:
        """Be done."""
        ...


class FunctionProgram:
    """A function called where we are: for a port's own tests, which trust it."""

    def __init__(self, implementation: Implementation) -> None:
        self.implementation, self.takes_states = implementation, takes_states(implementation)

    def start(self) -> None:
        return

    def stop(self) -> None:
        return

    def ask(self, question: Question) -> Answer:
        return call(self.implementation, question)

    def close(self) -> None:
        return
