"""What compiled code is told: sizes and choices as numbers, weights in the layout that its products want."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from sabcore.engine.rules import rules
from sabcore.model.config import SABConfig

#: Batch rows that one thread carries through all of time together: enough for an efficient matrix product, few enough
#: for their keys to stay in a core's cache.
BLOCK_ROWS = 8
#: Rows of the matrix products over several steps: panel steps times block rows.
PANEL_ROWS = 128


class Plan(NamedTuple):
    """Sizes and choices as numbers; the fields from `memory` on, but k_back, are `sabcore.engine.rules`'s."""

    T: int  # steps
    B: int  # batch rows
    I: int  # inputs  # noqa: E741
    H: int  # hidden units
    A: int  # attention units
    O: int  # outputs  # noqa: E741
    U: int  # numbers a key: A, or 1 of a separable score
    N: int  # slots written by the end
    R: int  # rows of a block
    blocks: int  # how many, the last one padded
    P: int  # steps of a panel
    memory: int  # 1 if there is one
    additive: int  # 1 if the score is
    score_grad: int  # 0 if memories and query are detached inside it
    first_slot: int  # the step of slot 0
    k_att: int  # steps from slot to slot
    sparsifier: int  # THRESHOLD or SOFTMAX
    small_memory: int  # the rule while N_t <= k_top
    k_top: int  # -1 for all slots
    rank: int  # of theta, from 1
    cap: int  # selected slots of a step that fit onto the tape
    k_back: int  # 0 if every slot with weight sends gradient
    k_trunc: int  # 0 for no segments
    segment_offset: int  # shifts them
    L: int  # gradient levels
    bounded: int  # how many of them move down one with each step
    loss_level: int  # where the loss injects
    slot_level: int  # where a slot does
    margin: Any  # of the threshold
    eps: Any  # likewise
    temperature: Any  # of the softmax


def make_plan(config: SABConfig, T: int, B: int, dtype: Any) -> Plan:
    """The plan of a sequence of T steps and B rows. It never depends on the number of threads, so nor do results."""
    R = max(1, min(BLOCK_ROWS, (B + 1) // 2))
    N = config.slots_before(T + 1)
    fields = rules(config, T, N, dtype) | {"k_back": config.k_back or 0}
    if config.k_top is None:
        fields["cap"] = min(N, fields["k_back"])  # of a read of every slot the tape keeps what sends gradient
    return Plan(
        T=T,
        B=B,
        I=config.input_size,
        H=config.hidden_size,
        A=config.A,
        O=config.output_size,
        U=config.A if config.score == "additive" else 1,
        N=N,
        R=R,
        blocks=-(-B // R),
        P=max(1, PANEL_ROWS // R),
        **fields,
    )


class Weights(NamedTuple):
    """Parameters as compiled code reads them; those that the model lacks are empty.

    `_T`: a transposed copy, for products whose larger factor must be read row by row.
    """

    W_in: np.ndarray  # (I+1,4H) W_ih transposed, with b as its last row
    W_ih: np.ndarray  # (4H,I)
    W_hh: np.ndarray  # (4H,H)
    W_hh_T: np.ndarray  # (H,4H)
    W_m: np.ndarray  # (A,H)
    W_m_T: np.ndarray  # (H,A)
    W_q: np.ndarray  # (A,H)
    W_q_T: np.ndarray  # (H,A)
    w_a: np.ndarray  # (A,)
    u_q: np.ndarray  # (H,)
    u_m: np.ndarray  # (H,)
    V_h: np.ndarray  # (O,H)
    V_h_T: np.ndarray  # (H,O)
    V_s: np.ndarray  # (O,H)
    V_s_T: np.ndarray  # (H,O)
    d: np.ndarray  # (O,)


def pack_weights(params: Mapping[str, np.ndarray]) -> Weights:
    """Copies, so that neither a read-only nor a strided parameter asks for a compilation of its own."""
    dtype = params["W_hh"].dtype
    matrix, vector = np.empty((0, 0), dtype), np.empty(0, dtype)

    def of(name: str, absent: np.ndarray = matrix) -> np.ndarray:
        return np.array(params.get(name, absent), order="C", subok=False)

    def transposed(name: str) -> np.ndarray:
        return np.array(of(name).T, order="C")

    return Weights(
        W_in=np.ascontiguousarray(np.concatenate((of("W_ih").T, of("b")[None]))),
        W_ih=of("W_ih"),
        W_hh=of("W_hh"),
        W_hh_T=transposed("W_hh"),
        W_m=of("W_m"),
        W_m_T=transposed("W_m"),
        W_q=of("W_q"),
        W_q_T=transposed("W_q"),
        w_a=of("w_a", vector),
        u_q=of("u_q", vector),
        u_m=of("u_m", vector),
        V_h=of("V_h"),
        V_h_T=transposed("V_h"),
        V_s=of("V_s"),
        V_s_T=transposed("V_s"),
        d=of("d"),
    )
