"""How far a gradient travels back through the recurrent edges: `sabcore.engine.truncation`'s policies, compiled."""

from __future__ import annotations

import numpy as np

from sabcore.engine import truncation
from sabcore.engine.cpu.buffers import GradientBuffers
from sabcore.engine.cpu.jit import jit, jit_part
from sabcore.engine.cpu.plan import Plan, Weights

_cuts = jit(truncation.cuts)


@jit_part
def carry(plan: Plan, weights: Weights, grad: GradientBuffers, dz: np.ndarray, t: int) -> None:
    """dz (L,R,4H) and dc of step t -> dh dc of step t - 1, cut or moved down a level as the truncation says."""
    dh, dc, L = grad.dh, grad.dc, plan.L
    cut = _cuts(t, plan.k_trunc, plan.segment_offset)  # T.1
    if cut:
        dh[:] = 0  # T.1*
        dc[:] = 0  # T.1*
        return
    np.dot(dz.reshape(L * plan.R, 4 * plan.H), weights.W_hh, dh.reshape(L * plan.R, plan.H))  # L.1*
    if t > 1 and plan.bounded > 0:
        for level in range(plan.bounded - 1):
            dh[level] = dh[level + 1]  # T.2*
            dc[level] = dc[level + 1]  # T.2*
        dh[plan.bounded - 1] = 0  # T.2*
        dc[plan.bounded - 1] = 0  # T.2*
