"""One LSTM step of one batch row, unit by unit: the elementwise part; the equations are `sabcore.step.lstm`'s."""

from __future__ import annotations

import math
from typing import Any

from numba import cuda

from sabcore.engine.cuda.device_math import index, sigmoid


@cuda.jit(device=True)
def advance(plan: Any, gates: Any, now: int, z: Any, c: Any, hhat: Any) -> None:
    """gates[now] (4H,) holds W_ih x + b, z (4H,) W_hh h_, c (H,) c_: leaves the activated gates, c_t and hhat."""
    H = plan.H
    u = index(cuda.threadIdx.x)
    while u < H:
        i = sigmoid(gates[now, u] + z[u])  # L.1, L.2
        f = sigmoid(gates[now, index(H + u)] + z[index(H + u)])  # L.1, L.2
        g = type(i)(math.tanh(gates[now, index(2 * H + u)] + z[index(2 * H + u)]))  # L.1, L.3
        o = sigmoid(gates[now, index(3 * H + u)] + z[index(3 * H + u)])  # L.1, L.2
        gates[now, u], gates[now, index(H + u)] = i, f
        gates[now, index(2 * H + u)], gates[now, index(3 * H + u)] = g, o
        c[u] = f * c[u] + i * g  # L.4
        hhat[u] = o * math.tanh(c[u])  # L.5

        u = index(u + cuda.blockDim.x)


@cuda.jit(device=True)
def retreat(plan: Any, gates: Any, c_all: Any, now: int, u: int, dhhat: Any, dc_new: Any, dz: Any) -> Any:
    """dhhat dc_new of unit u at step t -> dz (4H,) at u, H + u, 2H + u, 3H + u; returns dc of the step before."""
    H, one = plan.H, type(dhhat)(1)
    i, f = gates[now, u], gates[now, index(H + u)]
    g, o = gates[now, index(2 * H + u)], gates[now, index(3 * H + u)]
    tanh_c = type(dhhat)(math.tanh(c_all[index(now + cuda.gridDim.x), u]))
    dc_new += dhhat * o * (one - tanh_c * tanh_c)  # L.5*
    dz[index(3 * H + u)] = dhhat * tanh_c * o * (one - o)  # L.5*, L.2*
    dz[u] = dc_new * g * i * (one - i)  # L.4*, L.2*
    dz[index(H + u)] = dc_new * c_all[now, u] * f * (one - f)  # L.4*, L.2*
    dz[index(2 * H + u)] = dc_new * i * (one - g * g)  # L.4*, L.3*
    return dc_new * f  # L.4*
