"""What compiled code is told: sizes and choices as numbers, weights in the layout that its products want."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from sabcore.config import SABConfig
from sabcore.engine.truncation import make_truncation

#: Batch rows that one thread carries through all of time together: enough for an efficient matrix product, few enough
#: for their keys to stay in a core's cache.
BLOCK_ROWS = 8
#: Rows of the matrix products over several steps: panel steps times block rows.
PANEL_ROWS = 128

THRESHOLD, SOFTMAX, SOFTMAX_SMALL, RAW = range(4)
_SMALL = {"threshold": THRESHOLD, "softmax": SOFTMAX_SMALL, "raw": RAW}


class Plan(NamedTuple):
    """Sizes by the spec's letters; `R` rows in each of `blocks` blocks, the last padded; `P` steps a panel; `N` slots
    written by the end; `U` numbers a key; `cap` selected slots the tape can hold a step; `L` gradient levels.
    """

    T: int
    B: int
    I: int  # noqa: E741
    H: int
    A: int
    O: int  # noqa: E741
    U: int
    N: int
    R: int
    blocks: int
    P: int
    memory: bool
    additive: bool
    score_grad: bool
    first_slot: int
    k_att: int
    sparsifier: int
    small_memory: int
    k_top: int
    rank: int
    cap: int
    k_trunc: int
    segment_offset: int
    L: int
    bounded: int
    loss_level: int
    slot_level: int
    margin: Any
    eps: Any
    temperature: Any


def make_plan(config: SABConfig, T: int, B: int, dtype: Any) -> Plan:
    """The plan of a sequence of T steps and B rows. It never depends on the number of threads, so nor do results."""
    R = max(1, min(BLOCK_ROWS, (B + 1) // 2))
    truncation = make_truncation(config, T)
    sliding = config.truncation == "sliding"
    number = np.dtype(dtype).type
    N = config.slots_before(T + 1)
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
        memory=config.has_memory,
        additive=config.score == "additive",
        score_grad=config.score_grad,
        first_slot=config.first_slot,
        k_att=config.k_att,
        sparsifier=SOFTMAX if config.sparsifier == "softmax" or config.k_top is None else THRESHOLD,
        small_memory=_SMALL[config.small_memory],
        k_top=-1 if config.k_top is None else config.k_top,
        rank=0 if config.k_top is None else config.k_top + (config.threshold_rank == "k_top+1"),
        cap=_capacity(config, N),
        k_trunc=0 if sliding or config.k_trunc is None else config.k_trunc,
        segment_offset=config.segment_offset,
        L=truncation.levels,
        bounded=getattr(truncation, "bounded", 0),
        loss_level=truncation.loss_level,
        slot_level=truncation.slot_level,
        margin=number(config.margin),
        eps=number(config.eps),
        temperature=number(config.temperature),
    )


def _capacity(config: SABConfig, N: int) -> int:
    """Selected slots that the tape keeps a step. What exceeds it (all slots, or ties) is selected again on the way
    back, from the same bits."""
    if config.k_top is None or not config.has_memory:
        return 0
    one_more = config.sparsifier == "threshold" and config.threshold_rank == "k_top+1"
    return min(N, config.k_top + one_more)


class Weights(NamedTuple):
    """Parameters as compiled code reads them; those that the model lacks are empty.

    W_in (I+1,4H): W_ih transposed, with b as its last row. `_T` marks a transposed copy, for products whose larger
    factor must be read row by row. `w_a_sum` is the sum of w_a, () .
    """

    W_in: np.ndarray
    W_ih: np.ndarray
    W_hh: np.ndarray
    W_hh_T: np.ndarray
    W_m: np.ndarray
    W_m_T: np.ndarray
    W_q: np.ndarray
    W_q_T: np.ndarray
    w_a: np.ndarray
    w_a_sum: Any
    u_q: np.ndarray
    u_m: np.ndarray
    V_h: np.ndarray
    V_h_T: np.ndarray
    V_s: np.ndarray
    V_s_T: np.ndarray
    d: np.ndarray


def pack_weights(params: Mapping[str, np.ndarray]) -> Weights:
    """Copies, so that neither a read-only nor a strided parameter asks for a compilation of its own."""
    dtype = params["W_hh"].dtype
    matrix, vector = np.empty((0, 0), dtype), np.empty(0, dtype)

    def of(name: str, absent: np.ndarray = matrix) -> np.ndarray:
        return np.array(params.get(name, absent), order="C", subok=False)

    def transposed(name: str) -> np.ndarray:
        return np.array(of(name).T, order="C")

    w_a = of("w_a", vector)
    return Weights(
        W_in=np.ascontiguousarray(np.concatenate((of("W_ih").T, of("b")[None]))),
        W_ih=of("W_ih"),
        W_hh=of("W_hh"),
        W_hh_T=transposed("W_hh"),
        W_m=of("W_m"),
        W_m_T=transposed("W_m"),
        W_q=of("W_q"),
        W_q_T=transposed("W_q"),
        w_a=w_a,
        w_a_sum=dtype.type(w_a.sum(dtype="float64")),
        u_q=of("u_q", vector),
        u_m=of("u_m", vector),
        V_h=of("V_h"),
        V_h_T=transposed("V_h"),
        V_s=of("V_s"),
        V_s_T=transposed("V_s"),
        d=of("d"),
    )
