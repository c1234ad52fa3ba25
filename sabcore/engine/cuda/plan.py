"""What the kernels are told: sizes and choices as numbers, and how a block's shared memory is divided."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from sabcore.config import SABConfig
from sabcore.engine.truncation import make_truncation

#: At most this many threads work on one batch row. A multiprocessor has 65,536 registers, so these are what leaves
#: each kernel the 128 and 168 a thread that it needs.
FORWARD_THREADS, BACKWARD_THREADS = 512, 384
#: What a block gets without asking the driver for more.
SHARED_BYTES = 48 * 1024
#: Lists of slots that a block works on: of numbers, and of indices.
FLOAT_LISTS, INT_LISTS = 5, 2

THRESHOLD, SOFTMAX, SOFTMAX_SMALL, RAW = range(4)
_SMALL = {"threshold": THRESHOLD, "softmax": SOFTMAX_SMALL, "raw": RAW}

#: The largest |2k| of a key that is kept as an exponential, and where |2q| is clamped: apart by enough for tanh to be
#: saturated to the last bit where a clamped query meets such a key, and inside the normal numbers.
_KEY_LIMIT = {"float32": 60.0, "float64": 640.0}
_QUERY_LIMIT = {"float32": 87.0, "float64": 700.0}


class Plan(NamedTuple):
    """Sizes by the spec's letters; `U` numbers a key, `N` slots visible at step T, `cap` of them kept a step by the
    tape, `L` gradient levels. `lists_shared`: whether lists of N slots stand in shared memory too.

    Choices are 0 and 1, or one of the rules above; `k_top` is -1 and `k_trunc` 0 where they are None. Real numbers
    have the dtype of the arrays.
    """

    T: int
    H: int
    U: int
    N: int
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
    lists_shared: int
    margin: Any
    eps: Any
    temperature: Any
    key_limit: Any
    query_limit: Any


def make_plan(config: SABConfig, T: int, dtype: Any) -> Plan:
    """The plan of a sequence of T steps, in float32 or float64."""
    truncation, sliding = make_truncation(config, T), config.truncation == "sliding"
    number = np.dtype(dtype).type
    N, memory = config.slots_before(T), config.has_memory
    plan = Plan(
        T=T,
        H=config.hidden_size,
        U=config.A if config.score == "additive" and memory else 1,
        N=N,
        memory=int(memory),
        additive=int(config.score == "additive"),
        score_grad=int(config.score_grad),
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
        lists_shared=0,
        margin=number(config.margin),
        eps=number(config.eps),
        temperature=number(config.temperature),
        key_limit=number(_KEY_LIMIT[str(np.dtype(dtype))]),
        query_limit=number(_QUERY_LIMIT[str(np.dtype(dtype))]),
    )
    roomy = plan._replace(lists_shared=1)
    return roomy if forward_bytes(roomy, dtype) <= SHARED_BYTES else plan


def _capacity(config: SABConfig, N: int) -> int:
    """Selected slots that the tape keeps a step. What exceeds it (all slots, or ties) is selected again on the way
    back, by the same function from the same numbers."""
    if config.k_top is None or not config.has_memory:
        return 0
    one_more = config.sparsifier == "threshold" and config.threshold_rank == "k_top+1"
    return min(N, config.k_top + one_more)


def threads_for(plan: Plan, most: int) -> int:
    """Threads of a block: one for each gate of each unit, in whole warps, as far as there are."""
    return min(most, -(-4 * plan.H // 32) * 32)


def forward_bytes(plan: Plan, dtype: Any) -> int:
    """Shared memory of the forward kernel: its vectors, and lists of N slots if they stand there."""
    numbers = 7 * plan.H + 4 * plan.U + threads_for(plan, FORWARD_THREADS)
    return _bytes(numbers, plan.lists_shared * plan.N, dtype)


def backward_bytes(plan: Plan, dtype: Any) -> int:
    """Shared memory of the backward kernel: its vectors, and lists of `cap` slots."""
    numbers = 7 * plan.H + 6 * plan.U + threads_for(plan, BACKWARD_THREADS)
    return _bytes(numbers, plan.cap, dtype)


def _bytes(numbers: int, slots: int, dtype: Any) -> int:
    return (numbers + FLOAT_LISTS * slots) * np.dtype(dtype).itemsize + INT_LISTS * slots * 4
