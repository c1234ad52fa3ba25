"""Mistakes in the time loop: where gradients meet, what is detached, and what the memory holds."""

from __future__ import annotations

from functools import partial

from sabcore.validate.mistakes.record import line

_line = partial(line, file="engine/plain.py")
_forward = partial(_line, kind="forward")
_config = partial(line, file="model/config.py", kind="forward")
_READ = "dhhat = dh + memory.backward_of_read(t, ds)"
_WEIGHTS = "return self.dweights | self.score.weights_backward(self.dkeys, self.M, self.dq, self.tape.hhat)"

LOOP = [
    _line(
        "memories detached",
        "What is stored is detached: a read sends nothing back to the step that wrote the slot.",
        tag="B.4*",
        old="        return self.dM[j] + self.score.key_backward(self.dkeys[j], self.M[j])",
        new="        return 0 * self.dM[j]",
    ),
    _line(
        "slot's gradient one step late",
        "A slot's gradient arrives at the step after the one that wrote it.",
        tag="B.4*",
        old="j = slot_of(t, self.config.first_slot,",
        new="j = slot_of(t - 1, self.config.first_slot,",
    ),
    _line(
        "initial state's slot forgotten",
        "h0 is a slot, and its reads send it no gradient.",
        tag="B.4*",
        old='grads["h0"] += memory.slot_credit(0)',
        new='grads["h0"] += 0 * memory.slot_credit(0)',
    ),
    _line(
        "score_grad = false detaches nothing in the memory",
        "With score_grad = false, the score still sends gradient into the memories.",
        tag="B.4*",
        old="        if not self.config.score_grad:\n            return self.dM[j]\n",
        new="",
    ),
    _line(
        "score_grad = false does not detach the query",
        "With score_grad = false, the score still sends gradient into the query.",
        tag="B.2*",
        old="dq, hhat) if self.config.score_grad else 0.0",
        new="dq, hhat)",
    ),
    _line(
        "score_grad = false stops the score's weights",
        "With score_grad = false, the key and query weights stop learning; they should go on.",
        tag="M.1*",
        old=_WEIGHTS,
        new="return self.dweights | self.score.weights_backward(self.dkeys * self.config.score_grad, self.M, self.dq"
        " * self.config.score_grad, self.tape.hhat)",
    ),
    _line(
        "W_hh learns from the new state",
        "The gradient of W_hh takes h_t for h_{t-1}.",
        tag="L.1*",
        old="outer_sum(dz_all, tape.h_all[:-1])",
        new="outer_sum(dz_all, tape.h_all[1:])",
    ),
    _line(
        "summary gets no gradient from the state",
        "h = hhat + s sends no gradient into s: only the output layer does.",
        tag="B.3*",
        old="ds = dh.copy()",
        new="ds = 0 * dh",
    ),
    _line(
        "query gets no gradient from the read",
        "Nothing flows back through the query of a read.",
        old=_READ,
        new="dhhat = dh + 0 * memory.backward_of_read(t, ds)",
    ),
    _line(
        "provisional state gets only the query's gradient",
        "h = hhat + s sends no gradient into hhat.",
        old=_READ,
        new="dhhat = 0 * dh + memory.backward_of_read(t, ds)",
    ),
    _line(
        "keys' gradients never reach the memory",
        "The score sends no gradient to keys: W_m and memories learn nothing from it.",
        tag="M.1*",
        old="scatter_add(self.dkeys[:N], sent(cache), dk)",
        new="scatter_add(self.dkeys[:N], sent(cache), 0 * dk)",
    ),
    _line(
        "w_a learns from the first step only",
        "The gradient of w_a is that of one step; they should add up.",
        tag="M.1*",
        old="self.dweights[name] += value",
        new="self.dweights[name] = value",
    ),
    _forward(
        "memory holds the provisional state",
        "Keys are made from hhat, before the summary is added; they should be made from h.",
        old="tape.keys[N] = score.key(tape.h_all[t])",
        new="tape.keys[N] = score.key(tape.hhat[t - 1])",
    ),
    _forward(
        "summary not added to the state",
        "h is hhat, though gradients flow as if s had been added.",
        old="tape.h_all[t] = tape.hhat[t - 1] + tape.s[t - 1]",
        new="tape.h_all[t] = tape.hhat[t - 1] + 0 * tape.s[t - 1]",
    ),
    _config(
        "first slot at step 1",
        "The first slot is the state of step 1, not of step k_att.",
        tag="B.4",
        old='return 0 if self.memory_start == "zero_state" else self.k_att',
        new='return 0 if self.memory_start == "zero_state" else 1',
    ),
    _config(
        "zero state not in the memory",
        "memory_start = zero_state is asked for, and the memory holds one slot less.",
        tag="B.4",
        old="return slots_before(t, self.first_slot, self.k_att)",
        new="return slots_before(t, self.k_att, self.k_att)",
    ),
]
