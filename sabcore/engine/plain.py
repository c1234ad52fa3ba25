"""The plain engine: the definition of what sabcore computes.

One step after the other, on NumPy or CuPy arrays, real or complex. It is written to be read beside the spec; the fast
engines have its signature and are right when they equal it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from sabcore.array.library import Array, array_module
from sabcore.array.products import each_times, outer_sum
from sabcore.engine.truncation import make_truncation
from sabcore.model.config import SABConfig
from sabcore.model.slots import slot_of
from sabcore.step.lstm import LSTMCache, lstm_step, lstm_step_backward
from sabcore.step.readout import readout, readout_backward
from sabcore.step.recall import Recall, gather, recall, recall_backward, scatter_add, sent
from sabcore.step.score import Score, make_score
from sabcore.step.sparsify import Sparsifier, make_sparsifier

#: The sparsifier of a memory of N slots, as `make_sparsifier` says.
Rule = Callable[[SABConfig, int], Sparsifier]


@dataclass
class PlainTape:
    """What a forward pass leaves for the backward pass: O(T (H + k_top)) numbers a batch row.

    `h_all`, `c_all` (T+1,B,H): row t is the state of step t, row 0 the initial one. `hhat` (T,B,H): provisional
    states. `s` (T,B,H): summaries, and `keys` (N,B,*); both None in a plain LSTM. `rule`: what sparsified. `steps`: a
    cache per LSTM step. `recalls`: a cache per read, None where the memory was empty.
    """

    engine: ClassVar[str] = "plain"

    x: Array
    h_all: Array
    c_all: Array
    hhat: Array
    s: Array
    keys: Array
    rule: Rule
    steps: list[LSTMCache] = field(default_factory=list)
    recalls: list[Recall | None] = field(default_factory=list)

    @property
    def h(self) -> Array:
        """(T,B,H), the hidden states of steps 1..T."""
        return self.h_all[1:]

    @property
    def c(self) -> Array:
        """(T,B,H), the cell states of steps 1..T."""
        return self.c_all[1:]


def forward(
    config: SABConfig, params: Mapping[str, Array], x: Array, h0: Array, c0: Array, rule: Rule | None = None
) -> tuple[Array, PlainTape]:
    """x (T,B,I), h0 c0 (B,H) -> y (T,B,O), tape. The arguments are checked already. For t = 1..T:

    hhat_t, c_t = lstm_step(x_t, h_{t-1}, c_{t-1})       (B.1)   by the equations L
    s_t = recall(hhat_t, M, K)                           (B.2)   by the equations M; zeros while the memory is empty
    h_t = hhat_t + s_t                                   (B.3)
    K_j = key(h_t)                                       (B.4)   slot j, m_j = h_t, if k_att divides t; visible later
    y_t = readout(h_t, s_t)                              (B.5)   by the equation Y

    `rule`: what sparsifies instead of what `config` says, for experiments.
    """
    tape = _blank_tape(config, params, x, h0, c0, rule or make_sparsifier)
    W_ih, W_hh, b = params["W_ih"], params["W_hh"], params["b"]
    score = make_score(config, params) if config.has_memory else None
    if score and config.first_slot == 0:
        tape.keys[0] = score.key(h0)
    for t in range(1, len(x) + 1):
        h_prev, c_prev = tape.h_all[t - 1], tape.c_all[t - 1]
        tape.hhat[t - 1], tape.c_all[t], cache = lstm_step(x[t - 1], h_prev, c_prev, W_ih, W_hh, b)  # B.1
        tape.steps.append(cache)
        tape.h_all[t] = tape.hhat[t - 1]
        if score:
            _recall_and_append(config, score, tape, t)
    y = readout(tape.h, tape.s, params["V_h"], params.get("V_s"), params["d"])  # B.5
    return y, tape


def _recall_and_append(config: SABConfig, score: Score, tape: PlainTape, t: int) -> None:
    """Step t's read, h_t = hhat_t + s_t, and the new slot's key if step t writes one."""
    cache = None
    if N := config.slots_before(t):
        M = tape.h_all[config.first_slot :: config.k_att][:N]
        sparsifier = tape.rule(config, N)
        tape.s[t - 1], cache = recall(tape.hhat[t - 1], M, tape.keys[:N], score, sparsifier, config.k_back)  # B.2
        tape.h_all[t] = tape.hhat[t - 1] + tape.s[t - 1]  # B.3
    tape.recalls.append(cache)
    if t % config.k_att == 0:
        tape.keys[N] = score.key(tape.h_all[t])  # B.4


def _blank_tape(
    config: SABConfig, params: Mapping[str, Array], x: Array, h0: Array, c0: Array, rule: Rule
) -> PlainTape:
    xp, (T, B, _), H = array_module(x), x.shape, config.hidden_size
    h_all, c_all = xp.empty((T + 1, B, H), x.dtype), xp.empty((T + 1, B, H), x.dtype)
    h_all[0], c_all[0] = h0, c0
    tape = PlainTape(x, h_all, c_all, hhat=xp.empty((T, B, H), x.dtype), s=None, keys=None, rule=rule)
    if config.has_memory:
        unit = (config.A,) if config.score == "additive" else ()
        tape.s = xp.zeros((T, B, H), x.dtype)
        tape.keys = xp.empty((config.slots_before(T + 1), B, *unit), x.dtype)
    return tape


def backward(config: SABConfig, params: Mapping[str, Array], tape: PlainTape, dy: Array) -> dict[str, Array]:
    """dy (T,B,O) -> the gradients of every parameter, of x (T,B,I), and of h0 and c0 (B,H)."""
    xp, (T, B, _), H = array_module(dy), dy.shape, config.hidden_size
    dh_loss, ds_loss, grads = readout_backward(dy, tape.h, tape.s, params["V_h"], params.get("V_s"))  # B.5*
    memory = _MemoryGradients(config, params, tape) if config.has_memory else None
    truncation = make_truncation(config, T)
    dh, dc = xp.zeros((truncation.levels, B, H), dy.dtype), xp.zeros((truncation.levels, B, H), dy.dtype)
    dz_all = xp.empty((T, B, 4 * H), dy.dtype)
    for t in range(T, 0, -1):
        dh[truncation.loss_level] += dh_loss[t - 1]  # B.5*
        dhhat = dh
        if memory:
            dh[truncation.slot_level] += memory.slot_credit(t)  # B.4*
            ds = dh.copy()  # B.3*
            ds[truncation.loss_level] += ds_loss[t - 1]  # B.3*
            dhhat = dh + memory.backward_of_read(t, ds)  # B.2*, B.3*
        dz, dh, dc = lstm_step_backward(dhhat, dc, tape.steps[t - 1], params["W_hh"])  # B.1*
        dz_all[t - 1] = dz.sum(axis=0)
        if t > 1:
            dh, dc = truncation.carry(t, dh), truncation.carry(t, dc)
    grads |= {"h0": dh.sum(axis=0), "c0": dc.sum(axis=0)}
    if memory:
        grads["h0"] += memory.slot_credit(0)
        grads |= memory.of_weights()
    dW_ih, dW_hh = outer_sum(dz_all, tape.x), outer_sum(dz_all, tape.h_all[:-1])  # L.1*
    db, dx = dz_all.sum(axis=(0, 1)), each_times(dz_all, params["W_ih"])  # L.1*
    return grads | {"W_ih": dW_ih, "W_hh": dW_hh, "b": db, "x": dx}


class _MemoryGradients:
    """What reads send back: to slots and keys, where it adds up until the writing step is reached, and to weights."""

    def __init__(self, config: SABConfig, params: Mapping[str, Array], tape: PlainTape) -> None:
        xp = array_module(tape.x)
        self.config, self.tape, self.score = config, tape, make_score(config, params)
        self.M = tape.h_all[config.first_slot :: config.k_att]
        self.dM, self.dkeys = xp.zeros_like(self.M), xp.zeros_like(tape.keys)
        self.dq = xp.zeros((len(tape.x), *tape.keys.shape[1:]), tape.x.dtype)
        self.dweights = {name: xp.zeros_like(weight) for name, weight in self.score._asdict().items()}

    def slot_credit(self, t: int) -> Array | float:
        """The gradient of the slot that step t wrote, (B,H), complete once all later steps are done; 0 if none."""
        j = slot_of(t, self.config.first_slot, self.config.k_att)
        if j < 0:
            return 0.0
        if not self.config.score_grad:
            return self.dM[j]
        return self.dM[j] + self.score.key_backward(self.dkeys[j], self.M[j])

    def backward_of_read(self, t: int, ds: Array) -> Array | float:
        """ds (L,B,H) of step t -> dhhat (L,B,H) through the query; slots, keys and weights add up inside."""
        cache, N, hhat = self.tape.recalls[t - 1], self.config.slots_before(t), self.tape.hhat[t - 1]
        if cache is None:
            return 0.0
        sparsifier = self.tape.rule(self.config, N)
        read = recall_backward(ds, hhat, self.M[:N], self.tape.keys[:N], cache, self.score, sparsifier)
        dm, dk, dq, dw_read = read  # B.2*
        scatter_add(self.dM[:N], sent(cache), dm)  # B.2*
        scatter_add(self.dkeys[:N], sent(cache), dk)  # B.2*
        self.dq[t - 1] = dq.sum(axis=0)  # B.2*
        for name, value in dw_read.items():
            self.dweights[name] += value  # B.2*
        return self.score.query_backward(dq, hhat) if self.config.score_grad else 0.0

    def of_weights(self) -> dict[str, Array]:
        """The gradients of the score's parameters, complete once all steps are done."""
        return self.dweights | self.score.weights_backward(self.dkeys, self.M, self.dq, self.tape.hhat)


def attention(config: SABConfig, params: Mapping[str, Array], tape: PlainTape) -> Array:
    """Every step's weights as a table (T,B,N), for pictures and for study; O(T N) memory."""
    xp, (T, B, _), score = array_module(tape.x), tape.x.shape, make_score(config, params)
    table = xp.zeros((T, len(tape.keys), B), tape.x.dtype)
    for t, (cache, hhat) in enumerate(zip(tape.recalls, tape.hhat, strict=True), start=1):
        if cache is not None:
            N = config.slots_before(t)
            a = cache.a if cache.a is not None else score.score(gather(tape.keys[:N], cache.slots), score.query(hhat))
            scatter_add(table[t - 1, :N], cache.slots, tape.rule(config, N).weights(a))
    return table.transpose(0, 2, 1)
