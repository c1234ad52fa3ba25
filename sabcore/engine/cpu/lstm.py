"""One LSTM step of a block of R rows, forward and backward: the elementwise part, as loops that LLVM vectorises.

The equations are those of `sabcore.step.lstm`. A loop touches few arrays: with more, LLVM would have to check too many
pairs of them for overlap, and gives up. The backward pass first forms what all gradient levels have in common, five
factors a unit; a level then costs a handful of products.
"""

from __future__ import annotations

import numpy as np

from sabcore.engine.cpu.jit import jit
from sabcore.engine.cpu.vectormath import sigmoid, tanh


@jit
def _sigmoid_of_sum(out: np.ndarray, z: np.ndarray) -> None:
    for u in range(len(out)):
        out[u] = sigmoid(out[u] + z[u])


@jit
def _tanh_of_sum(out: np.ndarray, z: np.ndarray) -> None:
    for u in range(len(out)):
        out[u] = tanh(out[u] + z[u])


@jit
def activate(gates: np.ndarray, z: np.ndarray) -> None:
    """gates (R,4H) holds W_ih x + b, z (R,4H) holds W_hh h: leaves the activated gates i f g o in `gates`."""
    R, H = len(gates), gates.shape[1] // 4
    for r in range(R):
        _sigmoid_of_sum(gates[r, : 2 * H], z[r, : 2 * H])  # L.1, L.2
        _tanh_of_sum(gates[r, 2 * H : 3 * H], z[r, 2 * H : 3 * H])  # L.1, L.3
        _sigmoid_of_sum(gates[r, 3 * H :], z[r, 3 * H :])  # L.1, L.2


@jit
def lstm_step(gates: np.ndarray, c: np.ndarray, c_new: np.ndarray, hhat: np.ndarray) -> None:
    """gates (R,4H), c (R,H) -> c_new hhat (R,H)."""
    R, H = c.shape
    for r in range(R):
        gate, c_r, c_new_r, hhat_r = gates[r], c[r], c_new[r], hhat[r]
        for u in range(H):
            c_new_r[u] = gate[H + u] * c_r[u] + gate[u] * gate[2 * H + u]  # L.4
        for u in range(H):
            hhat_r[u] = gate[3 * H + u] * tanh(c_new_r[u])  # L.5


@jit
def backward_factors(gates: np.ndarray, c: np.ndarray, c_new: np.ndarray, factors: np.ndarray) -> None:
    """gates (R,4H), c c_new (R,H) -> factors (R,5H): of dc_new by dhhat, then of dz_o dz_i dz_f dz_g."""
    R, H = c.shape
    one = gates.dtype.type(1)
    for r in range(R):
        gate, c_r, c_new_r, factor = gates[r], c[r], c_new[r], factors[r]
        for u in range(H):
            factor[u] = tanh(c_new_r[u])
        for u in range(H):
            tanh_c, o = factor[u], gate[3 * H + u]
            factor[u] = o * (one - tanh_c * tanh_c)  # L.5*
            factor[H + u] = tanh_c * o * (one - o)  # L.5*, L.2*
        for u in range(H):
            i, g = gate[u], gate[2 * H + u]
            factor[2 * H + u] = g * i * (one - i)  # L.4*, L.2*
            factor[4 * H + u] = i * (one - g * g)  # L.4*, L.3*
        for u in range(H):
            f = gate[H + u]
            factor[3 * H + u] = c_r[u] * f * (one - f)  # L.4*, L.2*


@jit
def lstm_step_backward(
    factors: np.ndarray, gates: np.ndarray, dhhat: np.ndarray, dc: np.ndarray, dz: np.ndarray
) -> None:
    """factors (R,5H), gates (R,4H), dhhat (R,H) -> dz (R,4H); dc (R,H) turns from that of c_new into that of c."""
    R, H = dc.shape
    for r in range(R):
        factor, gate, dhhat_r, dc_r, dz_r = factors[r], gates[r], dhhat[r], dc[r], dz[r]
        for u in range(H):
            dz_r[3 * H + u] = dhhat_r[u] * factor[H + u]
        for u in range(H):
            dc_r[u] += dhhat_r[u] * factor[u]
        for u in range(H):
            dz_r[u] = dc_r[u] * factor[2 * H + u]
        for u in range(H):
            dz_r[H + u] = dc_r[u] * factor[3 * H + u]
        for u in range(H):
            dz_r[2 * H + u] = dc_r[u] * factor[4 * H + u]
        for u in range(H):
            dc_r[u] *= gate[H + u]
