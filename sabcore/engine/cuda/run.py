"""One forward and one backward pass: what surrounds a kernel launch, as products over all steps at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sabcore.array.library import Array, array_module
from sabcore.array.products import each_times, outer_sum
from sabcore.engine.cuda.arguments import Gradients, Rows, Scratch, Weights
from sabcore.engine.cuda.card import shared_limit
from sabcore.engine.cuda.launch import launch
from sabcore.engine.cuda.plan import Build, Plan, backward_room, forward_room, make_build, make_plan
from sabcore.engine.cuda.tape import CudaTape
from sabcore.model.config import SABConfig
from sabcore.step.readout import readout, readout_backward


def forward(config: SABConfig, params: Mapping[str, Array], x: Array, h0: Array, c0: Array) -> tuple[Array, CudaTape]:
    """x (T,B,I), h0 c0 (B,H) -> y (T,B,O), tape. The arguments are checked already."""
    xp, B, build, plan = array_module(x), x.shape[1], make_build(config, x.dtype), make_plan(config, len(x), x.dtype)
    build, room = forward_room(build, plan, x.dtype.itemsize, shared_limit(xp))
    tape, (W_q, W_m, w_a) = _blank_tape(build, plan, x, h0, c0, params), _score_weights(build, params)
    weights = Weights(_flat(params["W_hh"].T), _flat(W_q.T), _flat(W_m.T), w_a)
    scratch = _scratch(xp, B, x.dtype, 0 if build.shared else plan.N + plan.most, 0)
    launch("forward", build, x.dtype, B, room.bytes, plan, room, weights, _as_rows(tape), scratch)
    return readout(tape.h, tape.s, params["V_h"], params.get("V_s"), params["d"]), tape


def backward(config: SABConfig, params: Mapping[str, Array], tape: CudaTape, dy: Array) -> dict[str, Array]:
    """dy (T,B,O) -> the gradients of every parameter, of x (T,B,I), and of h0 and c0 (B,H)."""
    xp, (T, B, H), itemsize = array_module(dy), tape.hhat.shape, dy.dtype.itemsize
    build, plan = make_build(config, dy.dtype), make_plan(config, T, dy.dtype)
    build, room = backward_room(build, plan, itemsize, shared_limit(xp))
    dh_loss, ds_loss, grads = readout_backward(dy, tape.h, tape.s, params["V_h"], params.get("V_s"))
    W_q, W_m, w_a = _score_weights(build, params)
    weights = Weights(_flat(params["W_hh"]), _flat(W_q), _flat(W_m), w_a)
    found = Gradients(
        dh_loss=_matrix(dh_loss),
        ds_loss=_matrix(dh_loss if ds_loss is None else ds_loss),
        dz=xp.empty((T * B, 4 * H), dy.dtype),
        dq=xp.empty((T * B, build.U), dy.dtype),
        dM=xp.zeros((len(tape.keys) * B, H), dy.dtype),
        dkeys=xp.zeros((len(tape.keys) * B, build.U), dy.dtype),
        dw_a=xp.empty((B, build.U), dy.dtype),
        dh0=xp.empty((B, H), dy.dtype),
        dc0=xp.empty((B, H), dy.dtype),
    )
    scratch = _scratch(xp, B, dy.dtype, 2 * plan.N * build.rereads, 0 if build.shared else 2 * plan.L * H)
    launch("backward", build, dy.dtype, B, room.bytes, plan, room, weights, _as_rows(tape), found, scratch)
    grads |= {"h0": found.dh0, "c0": found.dc0}
    if build.memory:
        grads |= _score_gradients(config, build, plan, tape, found)
    dW_ih, dW_hh = outer_sum(found.dz, tape.x), outer_sum(found.dz, tape.h_all[:-1])
    dx = each_times(found.dz, params["W_ih"]).reshape(tape.x.shape)
    return grads | {"W_ih": dW_ih, "W_hh": dW_hh, "b": found.dz.sum(axis=0), "x": dx}


def _blank_tape(build: Build, plan: Plan, x: Array, h0: Array, c0: Array, params: Mapping[str, Array]) -> CudaTape:
    """Everything as the forward kernel finds it: what it writes is empty, but for the inputs' share of the gates."""
    xp, (T, B, _), H, slots = array_module(x), x.shape, build.H, max(plan.N, 1)
    h_all, c_all = xp.empty((T + 1, B, H), x.dtype), xp.empty((T + 1, B, H), x.dtype)
    h_all[0], c_all[0] = h0, c0
    return CudaTape(
        x=x,
        h_all=h_all,
        c_all=c_all,
        hhat=xp.empty((T, B, H), x.dtype),
        s=xp.empty((T, B, H), x.dtype) if build.memory else None,
        gates=each_times(x, params["W_ih"].T) + params["b"],
        q=xp.empty((T, B, build.U), x.dtype),
        keys=xp.empty((slots, B, build.U), x.dtype),
        far=xp.empty((slots, B), "int32"),
        slots=xp.empty((T, B, max(plan.cap, 1)), "int32"),
        slot_scores=xp.empty((T, B, max(plan.cap, 1)), x.dtype),
        counts=xp.empty((T, B), "int32"),
    )


def _score_weights(build: Build, params: Mapping[str, Array]) -> tuple[Array, Array, Array]:
    """W_q W_m (U,H) and w_a (U,): a separable score's vectors are matrices of one row; a plain LSTM's stand in."""
    if not build.memory:
        return params["W_hh"][:1], params["W_hh"][:1], params["b"][:1]
    if build.additive:
        return _rows(params["W_q"]), _rows(params["W_m"]), _rows(params["w_a"])
    return _rows(params["u_q"].reshape(1, -1)), _rows(params["u_m"].reshape(1, -1)), params["u_m"][:1]


def _score_gradients(config: SABConfig, build: Build, plan: Plan, tape: CudaTape, found: Gradients) -> dict[str, Array]:
    """Of the score's parameters, from those of keys and queries and the batch rows' own shares."""
    xp, M = array_module(found.dq), tape.h_all[config.first_slot :: config.k_att][: plan.N]
    if plan.N == 0:
        M = tape.h_all[:1]  # no slot was ever read: dkeys has the rows of one slot, zeros
    if build.additive:
        dW_m, dW_q = outer_sum(found.dkeys, M), outer_sum(found.dq, tape.hhat)
        return {"W_m": dW_m, "W_q": dW_q, "w_a": found.dw_a.sum(axis=0)}
    return {"u_m": outer_sum(found.dkeys, xp.tanh(M))[0], "u_q": outer_sum(found.dq, xp.tanh(tape.hhat))[0]}


def _as_rows(tape: CudaTape) -> Rows:
    """The tape as the kernels see it. A plain LSTM has no s, and never looks at what stands in for it."""
    return Rows(
        gates=_matrix(tape.gates),
        h=_matrix(tape.h_all),
        c=_matrix(tape.c_all),
        hhat=_matrix(tape.hhat),
        s=_matrix(tape.hhat if tape.s is None else tape.s),
        q=_matrix(tape.q),
        keys=_matrix(tape.keys),
        far=_flat(tape.far),
        slots=_matrix(tape.slots),
        scores=_matrix(tape.slot_scores),
        counts=_flat(tape.counts),
    )


def _scratch(xp: Any, B: int, dtype: Any, listed: int, levels: int) -> Scratch:
    """Room for two lists of numbers and one of indices of `listed` slots, and for gradients by level; none if 0."""
    numbers, indices = xp.empty((B, max(1, 2 * listed)), dtype), xp.empty((B, max(1, listed)), "int32")
    return Scratch(numbers, indices, xp.empty((B, max(1, levels)), dtype))


def _matrix(array: Array) -> Array:
    """(P,Q,R) -> (PQ,R), the same memory if it is in order."""
    return array.reshape(-1, array.shape[-1])


def _flat(array: Array) -> Array:
    """Its elements row by row, the same memory if they are in that order."""
    return _rows(array).reshape(-1)


def _rows(array: Array) -> Array:
    """The array itself if its rows follow each other in memory, or a copy for which they do."""
    return array if array.flags.c_contiguous else array.copy(order="C")
