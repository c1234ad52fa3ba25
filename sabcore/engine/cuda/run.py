"""One forward and one backward pass: what surrounds a kernel launch, as products over all steps at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sabcore.array.library import Array, array_module
from sabcore.array.products import each_times, outer_sum
from sabcore.engine.cuda import launch
from sabcore.engine.cuda.build import Build, aligned, make_build
from sabcore.engine.cuda.pack import backward_weights, by_gate, by_unit, forward_weights, pad
from sabcore.engine.cuda.records import Gradients, Plan, Rows
from sabcore.engine.cuda.tape import CudaTape
from sabcore.engine.rules import rules
from sabcore.model.config import SABConfig
from sabcore.step.readout import readout, readout_backward


def forward(config: SABConfig, params: Mapping[str, Array], x: Array, h0: Array, c0: Array) -> tuple[Array, CudaTape]:
    """x (T,B,I), h0 c0 (B,H) -> y (T,B,O), tape. The arguments are checked already, and `why_not` has no objection."""
    build, plan = _build(config, x.dtype), make_plan(config, x)
    tape = CudaTape(x, config.hidden_size, _blank_rows(build, plan, params, x, h0, c0))
    _launch("forward", build, plan, array_module(x), forward_weights(build, params), tape.rows)
    y = readout(tape.h, tape.s, params["V_h"], params.get("V_s"), params["d"])  # B.5, Y.1
    return y, tape


def backward(config: SABConfig, params: Mapping[str, Array], tape: CudaTape, dy: Array) -> dict[str, Array]:
    """dy (T,B,O) -> the gradients of every parameter, of x (T,B,I), and of h0 and c0 (B,H)."""
    build, plan, h = _build(config, dy.dtype), make_plan(config, tape.x), config.hidden_size
    dh_loss, ds_loss, grads = readout_backward(dy, tape.h, tape.s, params["V_h"], params.get("V_s"))  # B.5*, Y.1*
    found = _blank_gradients(build, plan, dh_loss, ds_loss)
    _launch("backward", build, plan, array_module(dy), backward_weights(build, params), tape.rows, found)
    grads |= {"h0": found.dh0[:, :h], "c0": found.dc0[:, :h]}
    if build.MEMORY:
        grads |= _score_gradients(config, build, plan, tape, found)
    dz = found.dz.reshape(-1, 4 * build.H)
    dW_ih, dW_hh = by_gate(outer_sum(dz, tape.x), h), by_gate(outer_sum(dz, tape.h_all[:-1]), h)  # L.1*
    dx = each_times(dz, by_unit(params["W_ih"], build.H)).reshape(tape.x.shape)  # L.1*
    return grads | {"W_ih": dW_ih, "W_hh": dW_hh, "b": by_gate(dz.sum(axis=0), h), "x": dx}


def make_plan(config: SABConfig, x: Array) -> Plan:
    """What a launch is told for inputs x (T,B,I)."""
    T, B, _ = x.shape
    N = config.slots_before(T)
    shared = rules(config, T, N, x.dtype)
    most = N if config.k_top is None or config.margin < 0 else shared["cap"]
    fields = {name: shared[name] for name in Plan._fields if name in shared}
    return Plan(T=T, B=B, N=N, most=most, k_back=config.k_back or 0, **fields)


def list_bytes(name: str, build: Build, plan: Plan) -> int:
    """Bytes of one block's lists, as `forward_lists` and `backward_lists` take them."""
    real = 4 if build.SINGLE else 8
    ranking = [real * plan.N, real * plan.N, 4 * plan.N]
    reading = [4 * plan.most, real * plan.most, real * plan.most]
    if name == "forward":
        return sum(map(aligned, ranking + reading))
    levels, sent = 2 * [real * plan.L * build.THREADS], min(plan.k_back, plan.most)
    sending = [4 * plan.most, real * plan.most, 4 * sent, real * sent]
    selecting = sending * build.SENDS_FEW + ranking * build.REREADS
    return sum(map(aligned, levels + reading + [real * plan.most] + selecting))


def _build(config: SABConfig, dtype: Any) -> Build:
    build = make_build(config, dtype, launch.shared_limit())
    assert build is not None, "why_not lets no such model pass"
    return build


def _launch(name: str, build: Build, plan: Plan, xp: Any, *records: Any) -> None:
    """One block a batch row; its lists in shared memory if they fit."""
    lists, vectors = list_bytes(name, build, plan), build.FORWARD_BYTES if name == "forward" else build.BACKWARD_BYTES
    fits = vectors + lists <= launch.shared_limit()
    room = None if fits else xp.empty((plan.B, lists), "uint8")
    bytes_used = vectors + lists * fits
    launch.launch(name, build, plan.B, build.THREADS, bytes_used, plan, *records, room, np.uint64(lists))


def _blank_rows(build: Build, plan: Plan, params: Mapping[str, Array], x: Array, h0: Array, c0: Array) -> Rows:
    """Everything as the forward kernel finds it: what it writes is empty, but for the inputs' share of the gates."""
    xp, T, B, H, A, slots, cap = array_module(x), plan.T, plan.B, build.H, build.A, max(plan.N, 1), max(plan.cap, 1)
    h_all, c_all = xp.empty((T + 1, B, H), x.dtype), xp.empty((T + 1, B, H), x.dtype)
    h_all[0], c_all[0] = pad(h0, B, H), pad(c0, B, H)
    gates = each_times(x, by_unit(params["W_ih"], H).T) + by_unit(params["b"], H)  # L.1
    return Rows(
        gates=gates.reshape(T, B, H, 4),
        h=h_all,
        c=c_all,
        hhat=xp.empty((T, B, H), x.dtype),
        s=xp.empty((T, B, H), x.dtype) if build.MEMORY else None,
        q=xp.empty((T, B, A), x.dtype),
        keys=xp.empty((slots, B, A), x.dtype),
        kinds=xp.empty((slots, B), "int32"),
        slots=xp.empty((T, B, cap), "int32"),
        scores=xp.empty((T, B, cap), x.dtype),
        counts=xp.empty((T, B), "int32"),
    )


def _blank_gradients(build: Build, plan: Plan, dh_loss: Array, ds_loss: Array | None) -> Gradients:
    """dh_loss ds_loss (T,B,H), not padded, and room for the rest; what adds up over reads is zero."""
    xp, T, B, H, A, slots = array_module(dh_loss), plan.T, plan.B, build.H, build.A, max(plan.N, 1)
    return Gradients(
        dh_loss=pad(dh_loss, T, B, H),
        ds_loss=None if ds_loss is None else pad(ds_loss, T, B, H),
        dz=xp.empty((T, B, H, 4), dh_loss.dtype),
        dq=xp.empty((T, B, A), dh_loss.dtype),
        dM=xp.zeros((slots, B, H), dh_loss.dtype),
        dkeys=xp.zeros((slots, B, A), dh_loss.dtype),
        dw_a=xp.empty((B, A), dh_loss.dtype),
        dh0=xp.empty((B, H), dh_loss.dtype),
        dc0=xp.empty((B, H), dh_loss.dtype),
    )


def _score_gradients(config: SABConfig, build: Build, plan: Plan, tape: CudaTape, found: Gradients) -> dict[str, Array]:
    """Of the score's parameters, from those of keys and queries and the batch rows' own shares."""
    xp, slots, A = array_module(found.dq), max(plan.N, 1), config.A if build.ADDITIVE else 1
    M = tape.h_all[config.first_slot :: config.k_att][:slots] if plan.N else tape.h_all[:1]  # then dkeys is zero
    dq, dkeys = found.dq[..., :A], found.dkeys[..., :A]
    if build.ADDITIVE:
        dW_m, dW_q = outer_sum(dkeys, M), outer_sum(dq, tape.hhat)  # A.1*, A.2*
        return {"W_m": dW_m, "W_q": dW_q, "w_a": found.dw_a[:, :A].sum(axis=0)}
    return {"u_m": outer_sum(dkeys, xp.tanh(M))[0], "u_q": outer_sum(dq, xp.tanh(tape.hhat))[0]}  # P.1*, P.2*
