"""What a kernel gets besides its plan and its room: arrays by name, as kernels and `run` speak of them.

What is kept by step and batch row comes as a matrix, a row for each: step t of batch row b is row (t - 1) B + b, or B
further on where step 0 has its place too. What is kept by slot j is row j B + b.
"""

from __future__ import annotations

from typing import NamedTuple

from sabcore.array.library import Array


class Weights(NamedTuple):
    """Matrices row by row, in the order in which a kernel multiplies: forward they are transposed. w_a (U,)."""

    W_hh: Array
    W_q: Array
    W_m: Array
    w_a: Array


class Rows(NamedTuple):
    """The tape, a matrix or vector each. By step: gates (TB,4H), hhat s (TB,H), q (TB,U), slots scores (TB,cap),
    counts (TB,); h c ((T+1)B,H), with step 0. By slot: keys (NB,U), far (NB,)."""

    gates: Array
    h: Array
    c: Array
    hhat: Array
    s: Array
    q: Array
    keys: Array
    far: Array
    slots: Array
    scores: Array
    counts: Array


class Gradients(NamedTuple):
    """By step: dh_loss ds_loss (TB,H), what the outputs ask for; dz (TB,4H), dq (TB,U), found. By slot: dM (NB,H) and
    dkeys (NB,U), zeros at first. By batch row: dw_a (B,U), dh0 dc0 (B,H)."""

    dh_loss: Array
    ds_loss: Array
    dz: Array
    dq: Array
    dM: Array
    dkeys: Array
    dw_a: Array
    dh0: Array
    dc0: Array


class Scratch(NamedTuple):
    """Room in global memory, a row for each batch row, for what does not fit into shared memory: lists of numbers and
    of indices; gradients of h and c by level."""

    numbers: Array
    indices: Array
    levels: Array
