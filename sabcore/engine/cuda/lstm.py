"""One LSTM step of one batch row, unit by unit: the elementwise part; the equations are `sabcore.step.lstm`'s.

A thread looks after the same units at every step. What it reads of them from global memory is asked for long before it
is needed, into an array that the compiler keeps in registers: `fetch` first, `advance` or `retreat` later.
"""

from __future__ import annotations

import math
from typing import Any

from numba import cuda

from sabcore.engine.cuda.device_math import index, sigmoid
from sabcore.engine.cuda.product import gathered


@cuda.jit(device=True)
def fetch_gates(build: Any, gates: Any, now: int, at: Any) -> None:
    """gates[now] (4H,) -> at[4n:4n+4] of the thread's n-th unit: W_ih x + b, or the activated gates i f g o."""
    for n in range(build.units):
        u = index(cuda.threadIdx.x + n * build.threads)
        if u < build.H:
            for gate in range(4):
                at[4 * n + gate] = gates[now, index(u + index(gate * build.H))]


@cuda.jit(device=True)
def advance(build: Any, tile: Any, part: Any, at: Any, gates: Any, now: int, c: Any, hhat: Any) -> None:
    """at, what was fetched; part, for W_hh h_; c, the thread's units of c_ -> gates[now] activated, c_t and hhat."""
    for n in range(build.units):
        u = index(cuda.threadIdx.x + n * build.threads)
        if u < build.H:
            i = sigmoid(at[4 * n] + gathered(tile, part, u))  # L.1, L.2
            f = sigmoid(at[4 * n + 1] + gathered(tile, part, index(u + build.H)))  # L.1, L.2
            g = type(i)(math.tanh(at[4 * n + 2] + gathered(tile, part, index(u + 2 * build.H))))  # L.1, L.3
            o = sigmoid(at[4 * n + 3] + gathered(tile, part, index(u + 3 * build.H)))  # L.1, L.2
            gates[now, u], gates[now, index(u + build.H)] = i, f
            gates[now, index(u + 2 * build.H)], gates[now, index(u + 3 * build.H)] = g, o
            c[n] = f * c[n] + i * g  # L.4
            hhat[n] = o * type(i)(math.tanh(c[n]))  # L.5


@cuda.jit(device=True)
def retreat(build: Any, at: Any, n: int, u: int, c_old: Any, c: Any, dhhat: Any, dc_new: Any, dz: Any) -> Any:
    """dhhat dc_new of a thread's n-th unit, u -> dz (4H,) at u, H + u, 2H + u, 3H + u; returns dc of the step before.

    at, its gates; c_old and c, its cell state before this step and after.
    """
    H, one, tanh_c = build.H, type(dhhat)(1), type(dhhat)(math.tanh(c))
    i, f, g, o = at[4 * n], at[4 * n + 1], at[4 * n + 2], at[4 * n + 3]
    dc_new += dhhat * o * (one - tanh_c * tanh_c)  # L.5*
    dz[index(u + 3 * H)] = dhhat * tanh_c * o * (one - o)  # L.5*, L.2*
    dz[u] = dc_new * g * i * (one - i)  # L.4*, L.2*
    dz[index(u + H)] = dc_new * c_old * f * (one - f)  # L.4*, L.2*
    dz[index(u + 2 * H)] = dc_new * i * (one - g * g)  # L.4*, L.3*
    return dc_new * f  # L.4*
