"""The compiled engine for float32 and float64 NumPy arrays: the plain engine's results, with its signatures.

The time loop runs inside Numba-compiled code. A thread carries a block of up to eight batch rows through all of time,
so the cores never wait for each other; which rows form a block depends on the batch alone, and so does every bit of the
result, however many threads there are.

    plan, buffers, pool      sizes and choices as numbers; the arrays of a pass; their reuse
    tape                     what forward leaves for backward
    vectormath, sums         functions of one number, sums of vectors
    lstm, gates, truncation  the LSTM step: its elementwise part, its products, how far back its gradient goes
    score, additive, lost    scores; tanh(k + q) from numbers kept apart, and where that is not enough
    slots                    which slot is whose
    sparsify, read           one row against its memory
    topk, lanes              the k largest of its scores, in vectors
    credit                   what reads send back, to the steps that wrote the slots and through the query
    readout                  the output layer
    forward, backward        the time loops
    jit, cache, borrow       how all this is compiled, where that is kept, and how it looks at arrays
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from sabcore.engine.cpu.attention import attention
from sabcore.engine.cpu.backward import backward_block
from sabcore.engine.cpu.buffers import GradientBuffers, gradient_buffers, scratch
from sabcore.engine.cpu.forward import SPLIT_TERMS, forward_block, forward_one_row
from sabcore.engine.cpu.jit import compiled_code, over_blocks
from sabcore.engine.cpu.plan import Plan, make_plan, pack_weights
from sabcore.engine.cpu.pool import POOL
from sabcore.engine.cpu.tape import CPUTape
from sabcore.model.config import SABConfig

__all__ = ["CPUTape", "attention", "backward", "forward"]

#: Steps times batch rows in one call of compiled code: enough to make the call cheap, few enough for a progress bar
#: to move and for Ctrl-C to be heard.
CHUNK = 1 << 14

#: Called with the steps done and the steps in all.
Progress = Callable[[int, int], None]


def forward(
    config: SABConfig,
    params: Mapping[str, np.ndarray],
    x: np.ndarray,
    h0: np.ndarray,
    c0: np.ndarray,
    *,
    recompute: bool = False,
    progress: Progress | None = None,
) -> tuple[np.ndarray, CPUTape]:
    """x (T,B,I), h0 c0 (B,H) -> y (T,B,O), tape. The arguments are checked already.

    Args:
        recompute: do not keep the gates, half of the tape's memory or more; `backward` makes them again, to the same
            bits, for the price of the forward pass's recurrent products.
        progress: called with (steps done, T) now and then.
    """
    T, B, _ = x.shape
    plan = make_plan(config, T, B, x.dtype)
    tape, weights, y = CPUTape(plan, x, recompute), pack_weights(params), np.empty((T, B, plan.O), x.dtype)
    x = _plain_layout(x)
    for start, given in ((tape.buffers.h, h0), (tape.buffers.c, c0)):
        start[:, 0] = _in_blocks(plan, given)
    key = ("scratch", plan, x.dtype.str)
    work = POOL.take(key, lambda: scratch(plan, x.dtype))
    # Decided by the whole sequence, never by the chunk or the number of threads: the bits must not depend on those.
    one_row = B == 1 and plan.N * plan.U >= SPLIT_TERMS
    with compiled_code():
        for lo, hi in _chunks(plan):
            if one_row:
                forward_one_row(plan, weights, tape.buffers, work, x, y, lo, hi)
            else:
                over_blocks(plan.blocks, forward_block, plan, weights, tape.loan, work, x, y, lo, hi)
            if progress:
                progress(hi, T)
    POOL.give_back(key, work)
    return y, tape


def backward(
    config: SABConfig,
    params: Mapping[str, np.ndarray],
    tape: CPUTape,
    dy: np.ndarray,
    *,
    progress: Progress | None = None,
) -> dict[str, np.ndarray]:
    """dy (T,B,O) -> the gradients of every parameter, of x (T,B,I), and of h0 and c0 (B,H).

    `progress` is called with (steps done, T) now and then.
    """
    dtype, weights = tape.x.dtype, pack_weights(params)
    plan = tape.plan._replace(score_grad=int(config.score_grad))  # the one field that only the backward pass reads
    x, dy, dx = _plain_layout(tape.x), _plain_layout(dy), np.empty(tape.x.shape, dtype)
    keys = ("scratch", plan, dtype.str), ("gradients", plan, dtype.str)
    work = POOL.take(keys[0], lambda: scratch(plan, dtype))
    grad = POOL.take(keys[1], lambda: gradient_buffers(plan, dtype))
    _clear(grad)
    with compiled_code():
        for lo, hi in reversed(list(_chunks(plan))):
            over_blocks(plan.blocks, backward_block, plan, weights, tape.loan, work, grad, x, dy, dx, lo, hi)
            if progress:
                progress(plan.T - lo, plan.T)
    grads = _sums(plan, grad) | {"x": dx}
    # Only now: buffers of an interrupted pass hold half a gradient and must not come back.
    POOL.give_back(keys[0], work)
    POOL.give_back(keys[1], grad)
    return grads


def _chunks(plan: Plan) -> Iterator[tuple[int, int]]:
    """[lo, hi) of steps, each starting with a panel, so that chunks change no result."""
    size = plan.P * max(1, CHUNK // (plan.B * plan.P))
    for lo in range(0, plan.T, size):
        yield lo, min(lo + size, plan.T)


def _plain_layout(array: np.ndarray) -> np.ndarray:
    """The same array, or a copy where its layout or a read-only mark would ask for a compilation of its own."""
    return np.require(np.asarray(array), requirements=["C", "A", "W"])


def _in_blocks(plan: Plan, state: np.ndarray) -> np.ndarray:
    """state (B,H) -> (blocks,R,H), the padding zero."""
    padded = np.zeros((plan.blocks * plan.R, plan.H), state.dtype)
    padded[: plan.B] = state
    return padded.reshape(plan.blocks, plan.R, plan.H)


#: What a backward pass adds to. It leaves dM and dkeys cleared by itself, and writes all else before it reads it.
_STATE = {"dh", "dc", "collected", "dW", "dW_m", "dW_q", "dw_a", "du_q", "du_m", "dV_h", "dV_s", "dd"}


def _clear(grad: GradientBuffers) -> None:
    for name in _STATE:
        getattr(grad, name).fill(0)


def _sums(plan: Plan, grad: GradientBuffers) -> dict[str, np.ndarray]:
    """The blocks' gradients added up, in the order of the blocks, whoever computed them."""
    I = plan.I  # noqa: E741
    dW = grad.dW.sum(axis=0)
    grads = {"W_ih": dW[:, :I].copy(), "b": dW[:, I].copy(), "W_hh": dW[:, I + 1 :].copy()}
    names = ["V_h", "d"]
    if plan.memory:
        names += ["V_s", "W_m", "W_q", "w_a"] if plan.additive else ["V_s", "u_q", "u_m"]
    grads |= {name: getattr(grad, "dd" if name == "d" else f"d{name}").sum(axis=0) for name in names}
    for name, d in (("h0", grad.dh), ("c0", grad.dc)):
        grads[name] = d.sum(axis=1).reshape(-1, plan.H)[: plan.B].copy()
    return grads
