"""What a kernel is told and given: the records of records.cu, field by field.

What is kept by step and batch row stands in row (t - 1) B + b of its array, or B rows further on where step 0 has its
place too; what is kept by slot j, in row j B + b. H and A are padded, and a padded unit is zero everywhere.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from sabcore.array.library import Array


class Plan(NamedTuple):
    """What a launch is told. The fields from `first_slot` on, but for k_back, are `sabcore.engine.rules`'s."""

    T: int
    B: int
    N: int  # slots that step T sees
    most: int  # slots that a step can read
    cap: int
    first_slot: int
    k_att: int
    sparsifier: int
    small_memory: int
    k_top: int
    rank: int
    k_back: int
    score_grad: int
    k_trunc: int
    segment_offset: int
    L: int
    bounded: int
    loss_level: int
    slot_level: int
    margin: Any
    eps: Any
    temperature: Any


class Weights(NamedTuple):
    """Packed as product.cu wants them; on the way back, of the transposed matrices."""

    W_hh: Array
    W_q: Array | None
    W_m: Array | None
    w_a: Array | None  # (A,)


class Rows(NamedTuple):
    """The tape, as kernels see it."""

    gates: Array  # (T,B,H,4) in the order i f g o; at first W_ih x + b
    h: Array  # (T+1,B,H)
    c: Array  # (T+1,B,H)
    hhat: Array  # (T,B,H)
    s: Array | None  # (T,B,H)
    q: Array  # (T,B,A)
    keys: Array  # (N,B,A) as score.cu keeps them
    kinds: Array  # (N,B) which form that is
    slots: Array  # (T,B,cap) what a step read, best first if ranked
    scores: Array  # (T,B,cap)
    counts: Array  # (T,B) how many; where that is more than cap, none is kept


class Gradients(NamedTuple):
    """What the way back is given, dh_loss and ds_loss, and what it finds."""

    dh_loss: Array  # (T,B,H)
    ds_loss: Array | None  # (T,B,H)
    dz: Array  # (T,B,H,4)
    dq: Array  # (T,B,A)
    dM: Array  # (N,B,H) zeros at first
    dkeys: Array  # (N,B,A) zeros at first
    dw_a: Array  # (B,A)
    dh0: Array  # (B,H)
    dc0: Array  # (B,H)


def as_struct(record: tuple[Any, ...]) -> np.ndarray:
    """A record as C lays it out: numbers, and the addresses of arrays; 0 where there is none."""
    fields = [_field(value) for value in record]
    names = getattr(record, "_fields", ())
    layout = np.dtype([(name, field.dtype) for name, field in zip(names, fields, strict=True)], align=True)
    return np.array(tuple(fields), layout)


def _field(value: Any) -> np.generic:
    if value is None:
        return np.uint64(0)
    if isinstance(value, int):
        return np.int32(value)
    if isinstance(value, np.generic):
        return value
    return np.uint64(value.ctypes.data if isinstance(value, np.ndarray) else value.data.ptr)
