"""The tape: what `forward` returns for `backward`, and to look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from sabcore.array.checks import are_finite, check_finite
from sabcore.array.library import Array, array_module
from sabcore.errors import DTypeError, TapeError
from sabcore.model.config import SABConfig, check_config


class Record(Protocol):
    """What an engine's own forward pass leaves, besides what only its backward pass understands."""

    engine: str  # a key of `sabcore.engine.ENGINES`
    x: Array  # (T,B,I)

    @property
    def h(self) -> Array: ...

    @property
    def c(self) -> Array: ...

    @property
    def hhat(self) -> Array: ...

    @property
    def s(self) -> Array: ...


@dataclass(frozen=True, eq=False)
class Tape:
    """One forward pass: which model it ran, and what its engine kept. Copies, deep copies and pickles are tapes too."""

    config: SABConfig
    params: Array  # (P,) the values of all parameters as they were, see `in_a_row`
    record: Record  # what the engine kept

    @property
    def engine(self) -> str:
        """The engine that made it, a key of `sabcore.engine.ENGINES`."""
        return self.record.engine

    @property
    def x(self) -> Array:
        """(T,B,I), the inputs: the array that was given, not a copy."""
        return self.record.x

    @property
    def h(self) -> Array:
        """(T,B,H), the hidden states of steps 1..T."""
        return self.record.h

    @property
    def c(self) -> Array:
        """(T,B,H), the cell states of steps 1..T."""
        return self.record.c

    @property
    def hhat(self) -> Array:
        """(T,B,H), the provisional states of steps 1..T: h before the summary is added."""
        return self.record.hhat

    @property
    def s(self) -> Array:
        """(T,B,H), the summaries of steps 1..T; None in a plain LSTM."""
        return self.record.s


def in_a_row(params: Mapping[str, Array]) -> Array:
    """(P,), a copy of the values of all parameters, in the order of their names."""
    several = [params[name].reshape(-1) for name in sorted(params)]
    return array_module(several[0]).concatenate(several)


def check_tape(tape: object, config: SABConfig) -> None:
    """Let a tape pass that a forward pass of this very config made.

    Raises:
        DTypeError: something that is no tape.
        TapeError: the tape of another config, naming the fields.
    """
    check_config(config)
    if not isinstance(tape, Tape):
        raise DTypeError(f"tape is a {type(tape).__name__}, but should be the tape that forward returned")
    if tape.config != config:
        then, now = tape.config.to_dict(), config.to_dict()
        fields = [f"{name} {then[name]!r}, not {now[name]!r}" for name in then if then[name] != now[name]]
        raise TapeError(f"the tape is of another config: it was made with {'; '.join(fields)}")


def check_params_same(tape: Tape, params: Mapping[str, Array]) -> None:
    """Let parameters pass that are those of the forward pass.

    Raises:
        TapeError: naming the first that has changed.
    """
    start = 0
    for name in sorted(params):
        then = tape.params[start : start + params[name].size]
        if not (params[name].reshape(-1) == then).all().item():
            raise TapeError(f"{name} has changed since the forward pass that made the tape")
        start += params[name].size


@contextmanager
def checking_values(tape: Tape, params: Mapping[str, Array], dy: Array) -> Iterator[None]:
    """Refuse parameters that have changed and a dy that is not finite, and then do what is inside; on a device the
    other way round: the one answer is waited for only when what is inside has been queued as well, and what came of it
    is not to be used if this raises.

    Raises:
        TapeError, NonFiniteError: naming the array.
    """
    if array_module(dy) is np:
        check_params_same(tape, params)
        check_finite({"dy": dy})
        yield
        return
    fine = are_finite({"dy": dy}) & (in_a_row(params) == tape.params).all()
    yield
    if fine.item() is not True:
        check_params_same(tape, params)
        check_finite({"dy": dy})
