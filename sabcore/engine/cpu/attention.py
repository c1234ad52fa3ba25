"""The weights of every read as a dense table: for pictures and for study, never part of a gradient."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sabcore.engine.cpu.borrow import block_of
from sabcore.engine.cpu.buffers import Scratch, TapeBuffers, scratch
from sabcore.engine.cpu.jit import compiled_code, jit_entry
from sabcore.engine.cpu.plan import Plan, Weights, pack_weights
from sabcore.engine.cpu.read import recover
from sabcore.engine.cpu.score import query
from sabcore.engine.cpu.slots import slots_before
from sabcore.engine.cpu.sparsify import weigh
from sabcore.engine.cpu.tape import CPUTape
from sabcore.errors import ConfigError
from sabcore.model.config import SABConfig


def attention(config: SABConfig, params: Mapping[str, np.ndarray], tape: CPUTape) -> np.ndarray:
    """The weight w of every slot at every step, (T,B,N), as `sabcore.engine.attention` of the plain engine's tape.

    Raises:
        ConfigError: a plain LSTM, which has no memory to attend to.
    """
    if not config.has_memory:
        raise ConfigError("k_top is 0: a plain LSTM has no attention to show")
    plan = tape.plan
    table = np.zeros((plan.T, plan.B, plan.N), tape.x.dtype)
    with compiled_code():
        _fill(plan, pack_weights(params), tape.buffers, scratch(plan, tape.x.dtype), table)
    return table


@jit_entry()
def _fill(plan: Plan, weights: Weights, all_tape: TapeBuffers, all_scratch: Scratch, table: np.ndarray) -> None:
    for b in range(plan.blocks):
        tape, scratch = block_of(all_tape, b), block_of(all_scratch, b)
        for t in range(1, plan.T + 1):
            N = slots_before(t, plan.first_slot, plan.k_att)
            if N > 0:
                query(plan, weights, tape.hhat[t - 1], scratch)
                for r in range(min(plan.R, plan.B - b * plan.R)):
                    n = recover(plan, weights, tape, scratch, r, t, N)
                    weigh(plan, N, n, scratch.a, scratch.w)
                    for i in range(n):
                        table[t - 1, b * plan.R + r, scratch.idx[i]] = scratch.w[i]
