"""The arrays that compiled code works in: what each is for and how large; `sabcore.engine.cpu.pool` reuses them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from sabcore.engine.cpu.plan import Plan
from sabcore.engine.cpu.topk import room
from sabcore.engine.rules import THRESHOLD


class TapeBuffers(NamedTuple):
    """What the backward pass needs, block by block; the shapes of one block, the first axis being `blocks`:

    h c (T+1,R,H) from the initial state on; hhat s (T,R,H); gates (T,R,4H), activated, or (P,R,4H), the latest panel's
    alone; keys (R,N,U); of additive ones, far far_made (R,N) and far_keys (R,N,U), see `score`; slots a (T,R,cap): what
    a step read, and listed (T,R): how many, -1 if more than fit (then they are selected again).
    """

    h: np.ndarray
    c: np.ndarray
    hhat: np.ndarray
    s: np.ndarray
    gates: np.ndarray
    keys: np.ndarray
    far: np.ndarray
    far_made: np.ndarray
    far_keys: np.ndarray
    slots: np.ndarray
    a: np.ndarray
    listed: np.ndarray


class Scratch(NamedTuple):
    """One step's working space of each block, and a panel's inputs [x 1 h] and outputs.

    z (R,4H); of the query q tq sq rise fall w_sq (R,U), base far (R,), see `additive`; scores (N,); found found_a order
    rank (room,), in which `topk` selects; the list of selected slots idx a w (list,), dw da (L,list).
    inputs (P R,I+1), y_h y_s (P R,O).
    """

    z: np.ndarray
    q: np.ndarray
    tq: np.ndarray
    sq: np.ndarray
    rise: np.ndarray
    fall: np.ndarray
    w_sq: np.ndarray
    base: np.ndarray
    far: np.ndarray
    scores: np.ndarray
    found: np.ndarray
    found_a: np.ndarray
    order: np.ndarray
    rank: np.ndarray
    idx: np.ndarray
    a: np.ndarray
    w: np.ndarray
    dw: np.ndarray
    da: np.ndarray
    inputs: np.ndarray
    y_h: np.ndarray
    y_s: np.ndarray


class GradientBuffers(NamedTuple):
    """The backward pass's state and sums, of each block.

    State: dh dc ds dhhat (L,R,H), dz (L,R,4H), dq (L,R,U), factors (R,5H), dm_key (R,H), e slope (U,),
    ds_sum (H,). Of slots, still to be collected by the step that wrote them: dM (R,N,H), dkeys (R,N,U).
    Panels: inputs (P R,I+1+H), dz_sum (P R,4H), dq_sum (P R,U), dy (P R,O), dh_loss ds_loss (P R,H), dx (P R,I);
    collected slots: dk_slots (P R,U), m_slots (P R,H), `collected` (1,) of them.
    Sums: dW (4H,I+1+H), dW_m dW_q (A,H), dw_a (A,), du_q du_m (H,), dV_h dV_s (O,H), dd (O,); `of_*` hold a product
    that is about to be added to them.
    """

    dh: np.ndarray
    dc: np.ndarray
    ds: np.ndarray
    dhhat: np.ndarray
    dz: np.ndarray
    dq: np.ndarray
    factors: np.ndarray
    dm_key: np.ndarray
    e: np.ndarray
    slope: np.ndarray
    ds_sum: np.ndarray
    dM: np.ndarray
    dkeys: np.ndarray
    inputs: np.ndarray
    dz_sum: np.ndarray
    dq_sum: np.ndarray
    dy: np.ndarray
    dh_loss: np.ndarray
    ds_loss: np.ndarray
    dx: np.ndarray
    dk_slots: np.ndarray
    m_slots: np.ndarray
    collected: np.ndarray
    dW: np.ndarray
    dW_m: np.ndarray
    dW_q: np.ndarray
    dw_a: np.ndarray
    du_q: np.ndarray
    du_m: np.ndarray
    dV_h: np.ndarray
    dV_s: np.ndarray
    dd: np.ndarray
    of_dW: np.ndarray
    of_dW_m: np.ndarray
    of_dV: np.ndarray


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
    selecting = room(plan.N, max(plan.rank, plan.k_top))
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
        return np.zeros((plan.blocks, *shape), of)

    return blank
