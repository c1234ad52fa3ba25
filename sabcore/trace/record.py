"""What a trace finds, as records of named arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sabcore.engine import plain

#: On what a gradient can reach a state; `sabcore.trace.credit` says what each is.
EDGES = ("loss", "recurrent", "value", "key", "threshold", "query")
#: Those that go through a read, and can be left out.
READ_EDGES = ("value", "key", "threshold", "query")


class Reads(NamedTuple):
    """Every read with weight or gradient, n of them, in the order of the steps."""

    step: np.ndarray  # (n,) the step that reads
    written: np.ndarray  # (n,) the step that wrote the slot, 0 for the initial state
    weight: np.ndarray  # (n,) w
    value: np.ndarray  # (n,) norm of the gradient that goes back through the summary
    score: np.ndarray  # (n,) norm of the one that goes back through the slot's score, the threshold's share included


class OfRead(NamedTuple):
    """What `Gradients` says of a step's read."""

    slots: np.ndarray
    dw: np.ndarray
    da: np.ndarray
    dq: np.ndarray


NO_READ = OfRead(np.zeros(0, int), np.zeros(0), np.zeros(0), np.zeros(0))


class Gradients(NamedTuple):
    """One step's gradients, summed over levels and labels; those of its read are empty where it reads nothing."""

    dh: np.ndarray  # (H,)
    ds: np.ndarray  # (H,), zeros in a plain LSTM
    slots: np.ndarray  # (R,) the selected slots, from 0, best first
    dw: np.ndarray  # (R,)
    da: np.ndarray  # (R,)
    dq: np.ndarray  # (A,), or (1,) of a separable score
    dhhat: np.ndarray  # (H,)
    dc: np.ndarray  # (H,) of c_t, before what comes through hhat
    dz: np.ndarray  # (4H,)


@dataclass(frozen=True)
class Credit:
    """One sequence's gradient, taken apart.

    Attributes:
        labels: the names of the K labels.
        norms: by edge, (T+1,K): the norm of what reached h of step t (row t; row 0 is h0) on that edge with that label.
        share: by edge, (T+1,K): its part of dL/dh_t, by projection: over all edges but "query", whose gradient belongs
            to hhat_t, and all labels, a row sums to 1; rows of a zero gradient are zero.
        total: (T+1,K): the norm of dL/dh_t with that label.
        reads: every read and what went back through it.
        grads: the whole, summed over labels, by the names of `backward`: of every parameter, x (T,I), h0 and c0 (H,).
        steps: what each step's gradients were, summed over labels, by the names of the equations; see `Gradients`.
        y, tape: of the forward pass; y (T,O), the tape with a batch of one.
    """

    labels: tuple[str, ...]
    norms: dict[str, np.ndarray]
    share: dict[str, np.ndarray]
    total: np.ndarray
    reads: Reads
    grads: dict[str, np.ndarray]
    steps: list[Gradients]
    y: np.ndarray
    tape: plain.PlainTape
