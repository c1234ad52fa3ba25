"""The arrays that compiled code works in: what each is for and how large; `sabcore.engine.cpu.pool` reuses them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from sabcore.engine.cpu.plan import Plan
from sabcore.engine.cpu.prefetch import LINE
from sabcore.engine.cpu.topk import room
from sabcore.engine.rules import THRESHOLD


class TapeBuffers(NamedTuple):
    """What the backward pass needs. Every array has a first axis more: the blocks."""

    h: np.ndarray  # (T+1,R,H) the hidden states, from the initial one on
    c: np.ndarray  # (T+1,R,H) the cell states, likewise
    hhat: np.ndarray  # (T,R,H) the provisional states
    s: np.ndarray  # (T,R,H) the summaries
    gates: np.ndarray  # (T,R,4H) the activated gates i f g o; (P,R,4H) if only the latest panel's are kept
    keys: np.ndarray  # (R,N,U) the keys, as `score` keeps them
    far: np.ndarray  # (R,N) whether an additive key has units beyond the near form, see `additive`
    far_made: np.ndarray  # (R,N) whether `far_keys` holds it yet
    far_keys: np.ndarray  # (R,N,U) such a key as the far form needs it
    slots: np.ndarray  # (T,R,cap) the slots that a step read, best first where the rule ranks
    a: np.ndarray  # (T,R,cap) their scores
    listed: np.ndarray  # (T,R) how many; -1 if more than fit, which are then selected again


class Scratch(NamedTuple):
    """One step's working space, and a panel's. Every array has a first axis more: the blocks."""

    z: np.ndarray  # (R,4H) W_hh h
    q: np.ndarray  # (R,U) the query
    tq: np.ndarray  # (R,U) tanh(q)
    sq: np.ndarray  # (R,U) 1 - tq^2
    rise: np.ndarray  # (R,U) (1 + tq) / 2
    fall: np.ndarray  # (R,U) (1 - tq) / 2
    w_sq: np.ndarray  # (R,U) w_a sq
    base: np.ndarray  # (R,) w_a . tq
    far: np.ndarray  # (R,) whether the query has units beyond the near form
    scores: np.ndarray  # (N,) the scores of one row
    found: np.ndarray  # (room,) what `topk` has gathered: indices
    found_a: np.ndarray  # (room,) their values
    order: np.ndarray  # (room,) their ranking
    rank: np.ndarray  # (room,) their ranks
    idx: np.ndarray  # (list,) the selected slots of one row
    a: np.ndarray  # (list,) their scores
    w: np.ndarray  # (list,) their weights
    dw: np.ndarray  # (L,list) the gradients of these, by level
    da: np.ndarray  # (L,list) those of the scores
    sent: np.ndarray  # (list,) which entries of the list send gradient
    sent_a: np.ndarray  # (list,) their scores
    inputs: np.ndarray  # (P R,I+1) the inputs of a panel [x 1]
    y_h: np.ndarray  # (P R,O) the share of h in its outputs
    y_s: np.ndarray  # (P R,O) the share of s


class GradientBuffers(NamedTuple):
    """The backward pass's state and sums. Every array has a first axis more: the blocks."""

    dh: np.ndarray  # (L,R,H) of the hidden state, by level
    dc: np.ndarray  # (L,R,H) of the cell state
    ds: np.ndarray  # (L,R,H) of the summary
    dhhat: np.ndarray  # (L,R,H) of the provisional state
    dz: np.ndarray  # (L,R,4H) of the gates before their activation
    dq: np.ndarray  # (L,R,U) of the query
    factors: np.ndarray  # (R,5H) what all levels have in common, see `lstm`
    dm_key: np.ndarray  # (R,H) of a memory, through its key
    e: np.ndarray  # (U,) tanh(k + q) of one slot
    slope: np.ndarray  # (U,) w_a (1 - e^2)
    ds_sum: np.ndarray  # (H,) ds of one row, all levels
    dM: np.ndarray  # (R,N,H) of slots, still to be collected by the step that wrote them
    dkeys: np.ndarray  # (R,N,U) of their keys, likewise
    inputs: np.ndarray  # (P R,I+1+H) the inputs of a panel [x 1 h]
    dz_sum: np.ndarray  # (P R,4H) dz of its steps, all levels
    dq_sum: np.ndarray  # (P R,U) dq of its steps, all levels
    dy: np.ndarray  # (P R,O) the cotangent of its outputs
    dh_loss: np.ndarray  # (P R,H) what that gives h
    ds_loss: np.ndarray  # (P R,H) what that gives s
    dx: np.ndarray  # (P R,I) of its inputs
    dk_slots: np.ndarray  # (P R,U) of the keys collected since the last product
    m_slots: np.ndarray  # (P R,H) their memories
    collected: np.ndarray  # (1,) how many
    dW: np.ndarray  # (4H,I+1+H) the sum for W_ih, b and W_hh
    dW_m: np.ndarray  # (A,H) the sums for the parameters
    dW_q: np.ndarray  # (A,H)
    dw_a: np.ndarray  # (A,)
    du_q: np.ndarray  # (H,)
    du_m: np.ndarray  # (H,)
    dV_h: np.ndarray  # (O,H)
    dV_s: np.ndarray  # (O,H)
    dd: np.ndarray  # (O,)
    of_dW: np.ndarray  # (4H,I+1+H) a product about to be added to dW
    of_dW_m: np.ndarray  # (A,H) to dW_m or dW_q
    of_dV: np.ndarray  # (O,H) to dV_h or dV_s


def tape_buffers(plan: Plan, dtype: Any, gate_steps: int) -> TapeBuffers:
    """Zeroed buffers for a tape that keeps the gates of `gate_steps` steps."""
    T, R, H, M = plan.T, plan.R, plan.H, plan.memory
    blank = _allocator(plan, dtype)
    return TapeBuffers(
        h=blank(T + 1, R, H),
        c=blank(T + 1, R, H),
        hhat=blank(T * M, R, H),
        s=blank(T * M, R, H),
        gates=blank(gate_steps, R, 4 * H),
        keys=blank(R, plan.N, plan.U),
        far=blank(R, plan.N, of=np.bool_),
        far_made=blank(R, plan.N, of=np.bool_),
        far_keys=blank(R, plan.N, plan.U * plan.additive),
        slots=blank(T, R, plan.cap, of=np.int32),
        a=blank(T, R, plan.cap),
        listed=blank(T * M, R, of=np.int32),
    )


def scratch(plan: Plan, dtype: Any) -> Scratch:
    """Zeroed scratch for either pass."""
    R, rows, L = plan.R, plan.P * plan.R, plan.L
    # A list holds every slot where all are read, or where a negative margin might let any number in.
    every = plan.k_top < 0 or (plan.sparsifier == THRESHOLD and plan.margin < 0)
    size = plan.N if every else plan.cap
    selecting = room(plan.N, max(plan.rank, plan.k_top, plan.k_back))
    blank = _allocator(plan, dtype)
    return Scratch(
        z=blank(R, 4 * plan.H),
        q=blank(R, plan.U),
        tq=blank(R, plan.U),
        sq=blank(R, plan.U),
        rise=blank(R, plan.U),
        fall=blank(R, plan.U),
        w_sq=blank(R, plan.U),
        base=blank(R),
        far=blank(R, of=np.bool_),
        scores=blank(plan.N),
        found=blank(selecting, of=np.int64),
        found_a=blank(selecting),
        order=blank(selecting, of=np.int32),
        rank=blank(selecting, of=np.int32),
        idx=blank(size, of=np.int64),
        a=blank(size),
        w=blank(size),
        dw=blank(L, size),
        da=blank(L, size),
        sent=blank(size, of=np.int64),
        sent_a=blank(size),
        inputs=blank(rows, plan.I + 1),
        y_h=blank(rows, plan.O),
        y_s=blank(rows, plan.O),
    )


def gradient_buffers(plan: Plan, dtype: Any) -> GradientBuffers:
    """Zeroed buffers for a backward pass."""
    R, H, U, O, L = plan.R, plan.H, plan.U, plan.O, plan.L  # noqa: E741
    rows, M, additive = plan.P * R, int(plan.memory), int(plan.memory and plan.additive)
    A, wide = plan.A * additive, plan.I + 1 + H
    blank = _allocator(plan, dtype)
    return GradientBuffers(
        dh=blank(L, R, H),
        dc=blank(L, R, H),
        ds=blank(L, R, H),
        dhhat=blank(L, R, H),
        dz=blank(L, R, 4 * H),
        dq=blank(L, R, U),
        factors=blank(R, 5 * H),
        dm_key=blank(R, H),
        e=blank(U),
        slope=blank(U),
        ds_sum=blank(H),
        dM=blank(R, plan.N, H),
        dkeys=blank(R, plan.N, U),
        inputs=blank(rows, wide),
        dz_sum=blank(rows, 4 * H),
        dq_sum=blank(rows, U),
        dy=blank(rows, O),
        dh_loss=blank(rows, H),
        ds_loss=blank(rows * M, H),
        dx=blank(rows, plan.I),
        dk_slots=blank(rows, U),
        m_slots=blank(rows, H),
        collected=blank(1, of=np.int64),
        dW=blank(4 * H, wide),
        dW_m=blank(A, H),
        dW_q=blank(A, H),
        dw_a=blank(A),
        du_q=blank(H * M),
        du_m=blank(H * M),
        dV_h=blank(O, H),
        dV_s=blank(O * M, H),
        dd=blank(O),
        of_dW=blank(4 * H, wide),
        of_dW_m=blank(A, H),
        of_dV=blank(O, H),
    )


def _allocator(plan: Plan, dtype: Any) -> Callable[..., np.ndarray]:
    def blank(*shape: int, of: Any = dtype) -> np.ndarray:
        return _zeros_from_a_line_on((plan.blocks, *shape), np.dtype(of))

    return blank


def _zeros_from_a_line_on(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """`np.zeros`, but its first element begins a line of the cache; NumPy's begins 16 bytes after one.

    Vector instructions load a line at a time, and from NumPy's would touch two.
    """
    size = math.prod(shape) * dtype.itemsize
    room = np.zeros(size + LINE, np.uint8)
    start = -room.ctypes.data % LINE
    return room[start : start + size].view(dtype).reshape(shape)
