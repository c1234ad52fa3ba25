"""One forward and one backward pass: what surrounds a kernel launch, as products over all steps at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sabcore.backend import Array, array_module
from sabcore.config import SABConfig
from sabcore.engine.cuda.launch import launch
from sabcore.engine.cuda.plan import (
    BACKWARD_THREADS,
    FLOAT_LISTS,
    FORWARD_THREADS,
    INT_LISTS,
    Plan,
    backward_bytes,
    forward_bytes,
    make_plan,
    threads_for,
)
from sabcore.engine.cuda.tape import CudaTape
from sabcore.step.readout import readout, readout_backward
from sabcore.step.score import outer_sum


def forward(config: SABConfig, params: Mapping[str, Array], x: Array, h0: Array, c0: Array) -> tuple[Array, CudaTape]:
    """x (T,B,I), h0 c0 (B,H) -> y (T,B,O), tape. The arguments are checked already."""
    xp, B, plan = array_module(x), x.shape[1], make_plan(config, len(x), x.dtype)
    tape, (W_m, W_q, w_a) = _blank_tape(plan, x, h0, c0, params), _score_weights(plan, params)
    launch(
        "forward",
        B,
        threads_for(plan, FORWARD_THREADS),
        forward_bytes(plan, x.dtype),
        plan,
        _rows(params["W_hh"].T).reshape(-1),
        _rows(W_m.T).reshape(-1),
        _rows(W_q.T).reshape(-1),
        w_a,
        _matrix(tape.gates),
        _matrix(tape.h_all),
        _matrix(tape.c_all),
        _matrix(tape.hhat),
        xp.empty((1, 1), x.dtype) if tape.s is None else _matrix(tape.s),
        _matrix(tape.q),
        _matrix(tape.keys),
        tape.far.reshape(-1),
        _matrix(tape.slots),
        _matrix(tape.slot_scores),
        tape.counts.reshape(-1),
        *_room(plan, xp, B, x.dtype, needed=not plan.lists_shared),
    )
    return readout(tape.h, tape.s, params["V_h"], params.get("V_s"), params["d"]), tape


def backward(config: SABConfig, params: Mapping[str, Array], tape: CudaTape, dy: Array) -> dict[str, Array]:
    """dy (T,B,O) -> the gradients of every parameter, of x (T,B,I), and of h0 and c0 (B,H)."""
    xp, (T, B, H), plan = array_module(dy), tape.hhat.shape, make_plan(config, len(dy), dy.dtype)
    dh_loss, ds_loss, grads = readout_backward(dy, tape.h, tape.s, params["V_h"], params.get("V_s"))
    W_m, W_q, w_a = _score_weights(plan, params)
    dz, dq = xp.empty((T, B, 4 * H), dy.dtype), xp.empty((T, B, plan.U), dy.dtype)
    dkeys, dw_a = xp.zeros(tape.keys.shape, dy.dtype), xp.empty((B, plan.U), dy.dtype)
    dh0, dc0 = xp.zeros((B, H), dy.dtype), xp.zeros((B, H), dy.dtype)
    launch(
        "backward",
        B,
        threads_for(plan, BACKWARD_THREADS),
        backward_bytes(plan, dy.dtype),
        plan,
        _rows(params["W_hh"]).reshape(-1),
        _rows(W_m).reshape(-1),
        _rows(W_q).reshape(-1),
        w_a,
        _matrix(tape.gates),
        _matrix(tape.h_all),
        _matrix(tape.c_all),
        _matrix(tape.hhat),
        _matrix(tape.q),
        _matrix(tape.keys),
        tape.far.reshape(-1),
        _matrix(tape.slots),
        _matrix(tape.slot_scores),
        tape.counts.reshape(-1),
        _matrix(dh_loss),
        _matrix(dh_loss if ds_loss is None else ds_loss),
        _matrix(dz),
        _matrix(dq),
        xp.zeros((len(tape.keys) * B, H), dy.dtype),
        _matrix(dkeys),
        dw_a,
        xp.zeros((B, plan.L * H), dy.dtype),
        xp.zeros((B, plan.L * H), dy.dtype),
        dh0,
        dc0,
        *_room(plan, xp, B, dy.dtype, needed=_may_read_more(plan)),
    )
    if plan.memory:
        grads |= _score_gradients(config, plan, tape, dkeys, dq, dw_a)
    dW_ih, dW_hh = outer_sum(dz, tape.x), outer_sum(dz, tape.h_all[:-1])
    grads |= {"W_ih": dW_ih, "W_hh": dW_hh, "b": dz.sum(axis=(0, 1)), "x": dz @ params["W_ih"]}
    return grads | {"h0": dh0, "c0": dc0}


def _blank_tape(plan: Plan, x: Array, h0: Array, c0: Array, params: Mapping[str, Array]) -> CudaTape:
    """Everything as the forward kernel finds it: what it writes is empty, but for the inputs' share of the gates."""
    xp, (T, B, _), H, slots = array_module(x), x.shape, plan.H, max(plan.N, 1)
    h_all, c_all = xp.empty((T + 1, B, H), x.dtype), xp.empty((T + 1, B, H), x.dtype)
    h_all[0], c_all[0] = h0, c0
    return CudaTape(
        x=x,
        h_all=h_all,
        c_all=c_all,
        hhat=xp.empty((T, B, H), x.dtype),
        s=xp.empty((T, B, H), x.dtype) if plan.memory else None,
        gates=_rows(x @ params["W_ih"].T + params["b"]),
        q=xp.empty((T, B, plan.U), x.dtype),
        keys=xp.empty((slots, B, plan.U), x.dtype),
        far=xp.empty((slots, B), "int32"),
        slots=xp.empty((T, B, max(plan.cap, 1)), "int32"),
        slot_scores=xp.empty((T, B, max(plan.cap, 1)), x.dtype),
        counts=xp.empty((T, B), "int32"),
    )


def _score_weights(plan: Plan, params: Mapping[str, Array]) -> tuple[Array, Array, Array]:
    """W_m W_q (U,H) and w_a (U,): a separable score's vectors are matrices of one row; a plain LSTM's stand in."""
    if not plan.memory:
        return params["W_hh"][:1], params["W_hh"][:1], params["b"][:1]
    if plan.additive:
        return _rows(params["W_m"]), _rows(params["W_q"]), _rows(params["w_a"])
    return params["u_m"].reshape(1, -1), params["u_q"].reshape(1, -1), params["u_m"][:1]


def _score_gradients(
    config: SABConfig, plan: Plan, tape: CudaTape, dkeys: Array, dq: Array, dw_a: Array
) -> dict[str, Array]:
    """Of the score's parameters, from those of keys (N,B,U) and queries (T,B,U) and the rows' own shares (B,U)."""
    xp, M = array_module(dq), tape.h_all[config.first_slot :: config.k_att][: plan.N]
    if plan.N == 0:
        M = tape.h_all[:1]  # no slot was ever read: dkeys is one row of zeros
    if plan.additive:
        return {"W_m": outer_sum(dkeys, M), "W_q": outer_sum(dq, tape.hhat), "w_a": dw_a.sum(axis=0)}
    return {"u_m": outer_sum(dkeys, xp.tanh(M))[0], "u_q": outer_sum(dq, xp.tanh(tape.hhat))[0]}


def _room(plan: Plan, xp: Any, B: int, dtype: Any, *, needed: bool) -> tuple[Array, Array]:
    """Lists of N slots in global memory, for each block its own; a token where none is needed."""
    size = plan.N if needed and plan.N else 1
    return xp.empty((B, FLOAT_LISTS * size), dtype), xp.empty((B, INT_LISTS * size), "int32")


def _may_read_more(plan: Plan) -> bool:
    """Whether a step can read more slots than the tape keeps: all of them, or ties let in by a negative margin."""
    return plan.cap < plan.N and (plan.k_top < 0 or plan.margin < 0)


def _matrix(array: Array) -> Array:
    """(P,Q,R) -> (PQ,R), the same memory if it is in order."""
    return array.reshape(-1, array.shape[-1])


def _rows(array: Array) -> Array:
    """The array itself if its rows follow each other in memory, or a copy for which they do."""
    return array if array.flags.c_contiguous else array.copy(order="C")
