"""The named mutants: each is the engine with one line changed into a mistake that people make.

`old` must stand exactly once in the file, so that a mutant cannot silently turn into the engine itself.
"""

from __future__ import annotations

from typing import NamedTuple


class Mutant(NamedTuple):
    """One mistake: in `file` (relative to the package), `old` reads `new`."""

    name: str
    file: str
    old: str
    new: str


LSTM = [
    Mutant("cell gradient of later steps dropped", "step/lstm.py", "dc_new + dhhat * o *", "dhhat * o *"),
    Mutant("tanh of the cell not differentiated", "step/lstm.py", "dhhat * o * (1 - u**2)", "dhhat * o"),
    Mutant("output gate times the previous cell", "step/lstm.py", "do, dc_new = dhhat * u", "do, dc_new = dhhat * c"),
    Mutant("input gate and candidate swapped", "step/lstm.py", "dc_new * g, dc_new * i", "dc_new * i, dc_new * g"),
    Mutant("forget gate times the new cell", "step/lstm.py", "dg = dc_new * c,", "dg = dc_new * (f * c + i * g),"),
    Mutant("cell passed on without the forget gate", "step/lstm.py", "c, dc_new * f,", "c, dc_new * 1,"),
    Mutant("sigmoid of the input gate half differentiated", "step/lstm.py", "di * i * (1 - i)", "di * i"),
    Mutant("forget gate differentiated as tanh", "step/lstm.py", "df * f * (1 - f)", "df * (1 - f**2)"),
    Mutant("candidate differentiated as sigmoid", "step/lstm.py", "dg * (1 - g**2)", "dg * g * (1 - g)"),
    Mutant("gate order i f o g", "step/lstm.py", "(dz_i, dz_f, dz_g, dz_o)", "(dz_i, dz_f, dz_o, dz_g)"),
    Mutant("gate order f i g o", "step/lstm.py", "(dz_i, dz_f, dz_g, dz_o)", "(dz_f, dz_i, dz_g, dz_o)"),
    Mutant(
        "hidden gradient not passed on", "step/lstm.py", "return dz, dz @ W_hh, dc", "return dz, 0 * (dz @ W_hh), dc"
    ),
    Mutant("cell gradient not passed on", "step/lstm.py", "return dz, dz @ W_hh, dc", "return dz, dz @ W_hh, 0 * dc"),
]
SCORE = [
    Mutant("additive: tanh differentiated as 1 - e", "step/score.py", "self.w_a * (1 - e**2)", "self.w_a * (1 - e)"),
    Mutant("additive: query detached", "step/score.py", "return dq @ self.W_q", "return 0 * (dq @ self.W_q)"),
    Mutant(
        "additive: memory detached in the score", "step/score.py", "return dk @ self.W_m", "return 0 * (dk @ self.W_m)"
    ),
    Mutant("additive: w_a not learned", "step/score.py", '{"w_a": dw_a}', '{"w_a": 0 * dw_a}'),
    Mutant(
        "additive: W_m not learned", "step/score.py", '{"W_m": dW_m, "W_q": dW_q}', '{"W_m": 0 * dW_m, "W_q": dW_q}'
    ),
    Mutant(
        "additive: W_q not learned", "step/score.py", '{"W_m": dW_m, "W_q": dW_q}', '{"W_m": dW_m, "W_q": 0 * dW_q}'
    ),
    Mutant(
        "separable: tanh of the memory not differentiated",
        "step/score.py",
        "self.u_m * (1 - array_module(m).tanh(m) ** 2)",
        "self.u_m * array_module(m).ones_like(m)",
    ),
    Mutant(
        "separable: tanh of the query not differentiated",
        "step/score.py",
        "self.u_q * (1 - array_module(hhat).tanh(hhat) ** 2)",
        "self.u_q * array_module(hhat).ones_like(hhat)",
    ),
    Mutant("separable: u_m without tanh", "step/score.py", "dk[..., None], xp.tanh(m)", "dk[..., None], m"),
    Mutant("separable: u_q without tanh", "step/score.py", "dq[..., None], xp.tanh(hhat)", "dq[..., None], hhat"),
]
SPARSIFY = [
    Mutant("threshold not differentiated", "step/sparsify.py", "-= da.sum(axis=-2)", "-= 0 * da.sum(axis=-2)"),
    Mutant("threshold's gradient to the best slot", "step/sparsify.py", "da[..., self.rank - 1, :]", "da[..., 0, :]"),
    Mutant("threshold's gradient one rank too high", "step/sparsify.py", "da[..., self.rank - 1,", "da[..., self.rank - 2,"),
    Mutant(
        "k-th for (k+1)-th largest",
        "step/sparsify.py",
        "config.k_top + 1 if config.threshold_rank",
        "config.k_top if config.threshold_rank",
    ),
    Mutant(
        "(k+1)-th for k-th largest",
        "step/sparsify.py",
        '== "k_top+1" else config.k_top\n',
        '== "k_top+1" else config.k_top + 1\n',
    ),
    Mutant("normaliser not differentiated", "step/sparsify.py", "(above - (above * w).sum(axis=-2, keepdims=True) + best * (self.eps / S)) / S", "dw / S"),
    Mutant("normaliser differentiated twice", "step/sparsify.py", "dv = (above - (above * w)", "dv = (above - 2 * (above * w)"),
    Mutant("gradient into unread slots", "step/sparsify.py", "where(v.real > 0, dv, 0)", "where(v.real > -1e9, dv, 0)"),
    Mutant("eps forgotten on the way back", "step/sparsify.py", "S = v.sum(axis=0) + self.eps\n", "S = v.sum(axis=0)\n"),
    Mutant("margin ignored", "step/sparsify.py", "v = a - theta - self.margin", "v = a - theta - 0 * self.margin"),
    Mutant("ties towards the newer slot", "step/sparsify.py", 'return array_module(a).argsort(-a.real, axis=0, kind="stable")',
           'return len(a) - 1 - array_module(a).argsort(-a[::-1].real, axis=0, kind="stable")'),
    Mutant("temperature forgotten on the way back", "step/sparsify.py", "return dz / self.temperature", "return dz"),
    Mutant("softmax differentiated as its diagonal", "step/sparsify.py", "dz = w * (dw - (dw * w).sum(axis=-2, keepdims=True))", "dz = w * (1 - w) * dw"),
    Mutant("raw weights' gradient lost", "step/sparsify.py", "return dw  # R.1*", "return 0 * dw"),
    Mutant("small memory read by the threshold", "step/sparsify.py", 'config.small_memory == "raw"', "False"),
    Mutant("small memory one slot too large", "step/sparsify.py", 'if N <= config.k_top and config.small_memory == "raw"', 'if N <= config.k_top + 1 and config.small_memory == "raw"'),
]  # fmt: skip
RECALL = [
    Mutant("memory gets no gradient from what was read", "step/recall.py", "w[..., None] * ds.sum(axis=0)", "0 * w[..., None] * ds.sum(axis=0)"),
    Mutant("weights treated as constants", "step/recall.py", 'dw, dm = xp.einsum("lbh,rbh->lrb", ds, m)', 'dw, dm = 0 * xp.einsum("lbh,rbh->lrb", ds, m)'),
    Mutant("a later read overwrites an earlier one", "step/recall.py", "slots.shape[1])] += values", "slots.shape[1])] = values"),
    Mutant("reads by one level of gradient only", "step/recall.py", "w[..., None] * ds.sum(axis=0)", "w[..., None] * ds[0]"),
]  # fmt: skip
READOUT = [
    Mutant("output layer's direct path to the memory dropped", "step/readout.py", "each_times(dy, V_s), grads", "0 * each_times(dy, V_s), grads"),
    Mutant("V_s learns from the state", "step/readout.py", 'outer_sum(dy, s)', 'outer_sum(dy, h)'),
    Mutant("d averaged over the batch", "step/readout.py", "dy.sum(axis=(0, 1))}", "dy.mean(axis=1).sum(axis=0)}"),
]  # fmt: skip
TRUNCATION = [
    Mutant("segment boundary one step early", "engine/truncation.py", "(t - 1 + self.segment_offset) %", "(t + self.segment_offset) %"),
    Mutant("segment boundary one step late", "engine/truncation.py", "(t - 1 + self.segment_offset) %", "(t - 2 + self.segment_offset) %"),
    Mutant("segment offset ignored", "engine/truncation.py", "return Segment(config.k_trunc, config.segment_offset)", "return Segment(config.k_trunc)"),
    Mutant("cell state not cut", "engine/plain.py", "truncation.carry(t, dh), truncation.carry(t, dc)", "truncation.carry(t, dh), dc"),
    Mutant("hidden state not cut", "engine/plain.py", "truncation.carry(t, dh), truncation.carry(t, dc)", "dh, truncation.carry(t, dc)"),
    Mutant("edge into the initial state cut", "engine/plain.py", "        if t > 1:\n            dh, dc", "        if True:\n            dh, dc"),
    Mutant("sliding window of the loss one edge short", "engine/truncation.py", "loss_level, slot_level = (bounded if k is None else k - 1 for k in budgets)", "loss_level, slot_level = (bounded if k is None else k - 1 for k in budgets)\n    loss_level = max(loss_level - 1, 0)"),
    Mutant("sliding window of a reminded state one edge short", "engine/truncation.py", "loss_level, slot_level = (bounded if k is None else k - 1 for k in budgets)", "loss_level, slot_level = (bounded if k is None else k - 1 for k in budgets)\n    slot_level = max(slot_level - 1, 0)"),
    Mutant("k_remind ignored", "engine/truncation.py", "k_remind = config.k_trunc if config.k_remind is None else config.k_remind", "k_remind = config.k_trunc"),
    Mutant("sliding window never ends", "engine/truncation.py", "kept[: max(self.bounded - 1, 0)] = d[1 : self.bounded]", "kept[: self.bounded] = d[: self.bounded]"),
]  # fmt: skip
LOOP = [
    Mutant("memories detached", "engine/plain.py", "        return self.dM[j] + self.score.key_backward(self.dkeys[j], self.M[j])", "        return 0 * self.dM[j]"),
    Mutant("slot's gradient one step late", "engine/plain.py", "j, rest = divmod(t - self.config.first_slot,", "j, rest = divmod(t - 1 - self.config.first_slot,"),
    Mutant("initial state's slot forgotten", "engine/plain.py", 'grads["h0"] += memory.of_slot_written_at(0)', 'grads["h0"] += 0 * memory.of_slot_written_at(0)'),
    Mutant("score_grad = false detaches nothing in the memory", "engine/plain.py", "        if not self.config.score_grad:\n            return self.dM[j]\n", ""),
    Mutant("score_grad = false does not detach the query", "engine/plain.py", "read.dq, hhat) if self.config.score_grad else 0.0", "read.dq, hhat)"),
    Mutant("score_grad = false stops the score's weights", "engine/plain.py", "return self.dweights | self.score.weights_backward(self.dkeys, self.M, self.dq, self.tape.hhat)", "return self.dweights | self.score.weights_backward(self.dkeys * self.config.score_grad, self.M, self.dq * self.config.score_grad, self.tape.hhat)"),
    Mutant("W_hh learns from the new state", "engine/plain.py", "outer_sum(dz_all, tape.h_all[:-1])", "outer_sum(dz_all, tape.h_all[1:])"),
    Mutant("summary gets no gradient from the state", "engine/plain.py", "ds = dh.copy()", "ds = 0 * dh"),
    Mutant("query gets no gradient from the read", "engine/plain.py", "dhhat = dh + memory.backward_of_read(t, ds)", "dhhat = dh + 0 * memory.backward_of_read(t, ds)"),
    Mutant("provisional state gets only the query's gradient", "engine/plain.py", "dhhat = dh + memory.backward_of_read(t, ds)", "dhhat = 0 * dh + memory.backward_of_read(t, ds)"),
    Mutant("keys' gradients never reach the memory", "engine/plain.py", "scatter_add(self.dkeys[:N], cache.slots, read.dk)", "scatter_add(self.dkeys[:N], cache.slots, 0 * read.dk)"),
    Mutant("w_a learns from the first step only", "engine/plain.py", "self.dweights[name] += value", "self.dweights[name] = value"),
]  # fmt: skip
FORWARD = [
    Mutant("memory holds the provisional state", "engine/plain.py", "tape.keys[N] = score.key(tape.h_all[t])", "tape.keys[N] = score.key(tape.hhat[t - 1])"),
    Mutant("summary not added to the state", "engine/plain.py", "tape.h_all[t] += tape.s[t - 1]", "tape.h_all[t] += 0 * tape.s[t - 1]"),
    Mutant("first slot at step 1", "model/config.py", 'return 0 if self.memory_start == "zero_state" else self.k_att', 'return 0 if self.memory_start == "zero_state" else 1'),
    Mutant("zero state not in the memory", "model/config.py", 'return (t - 1) // self.k_att + (self.memory_start == "zero_state")', "return (t - 1) // self.k_att"),
]  # fmt: skip

MUTANTS = [*LSTM, *SCORE, *SPARSIFY, *RECALL, *READOUT, *TRUNCATION, *LOOP, *FORWARD]
