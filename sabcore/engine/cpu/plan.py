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
    """Sizes by the spec's letters; `R` rows in each of `blocks` blocks, the last padded; `P` steps a panel; `N` slots
    written by the end; `U` numbers a key. The fields from `memory` on are `sabcore.engine.rules`'s.
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
    memory: int
    additive: int
    score_grad: int
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
        **rules(config, T, N, dtype),
    )


class Weights(NamedTuple):
    """Parameters as compiled code reads them; those that the model lacks are empty.

    W_in (I+1,4H): W_ih transposed, with b as its last row. `_T` marks a transposed copy, for products whose larger
    factor must be read row by row.
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
