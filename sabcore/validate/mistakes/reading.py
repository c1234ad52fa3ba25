"""What ports read, when, and with which query."""

from __future__ import annotations

from typing import Any

import numpy as np

from sabcore.array.library import Array
from sabcore.validate.mistakes.record import Change, Mistake

_PLAIN = "engine/plain.py"
_RECALL = "recall(tape.hhat[t - 1], M"
_HHAT = "self.config.slots_before(t), self.tape.hhat[t - 1]"
_QUERIES = "self.M, self.dq, self.tape.hhat)"
_SLOTS = "[config.first_slot :: config.k_att]"
_READ = "dhhat = dh + memory.backward_of_read(t, ds)"
_LSTM = "dz, dh, dc = lstm_step_backward("
_SLOT = "[truncation.slot_level] += memory.slot_credit(t)"
_STORED = f"xp.concatenate((tape.h_all[:1], tape.hhat)){_SLOTS}"
_APPEND = "if t % config.k_att == 0:\n        tape.keys[config.slots_before(t)] = score.key(tape.hhat[t - 1])"


def _visible(config: Any, score: Any, tape: Any, t: int) -> tuple[Array, Array]:
    """The slots (N,B,H) and keys that step t sees, its own last: hhat, before a summary is added to it."""
    N, M = config.slots_before(t), tape.h_all[config.first_slot :: config.k_att]
    own = tape.hhat[t - 1 : t] if t % config.k_att == 0 else tape.hhat[:0]
    return np.concatenate((M[:N], own)), np.concatenate((tape.keys[:N], score.key(own)))


def _own_step_visible(parts: Any) -> None:
    """A step that writes a slot reads that slot too."""
    plain = parts.plain

    def recall_and_append(config: Any, score: Any, tape: Any, t: int) -> None:
        (M, K), cache = _visible(config, score, tape, t), None
        if len(M):
            rule = plain.make_sparsifier(config, len(M))
            tape.s[t - 1], cache = plain.recall(tape.hhat[t - 1], M, K, score, rule, config.k_back)
            tape.h_all[t] = tape.hhat[t - 1] + tape.s[t - 1]
        tape.recalls.append(cache)
        if t % config.k_att == 0:
            tape.keys[config.slots_before(t)] = score.key(tape.h_all[t])

    plain._recall_and_append = recall_and_append
    plain._MemoryGradients = _with_own_step(plain)


def _with_own_step(plain: Any) -> Any:
    """The gradients of such reads: the own slot's goes to hhat, its key's to the key weights as well."""
    Engine: Any = plain._MemoryGradients

    class MemoryGradients(Engine):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            self.own: list[tuple[Array, Array]] = []

        def backward_of_read(self, t: int, ds: Array) -> Array | float:
            cache, N, hhat = self.tape.recalls[t - 1], self.config.slots_before(t), self.tape.hhat[t - 1]
            if cache is None:
                return 0.0
            M, K = _visible(self.config, self.score, self.tape, t)
            read = plain.recall_backward(ds, hhat, M, K, cache, self.score, plain.make_sparsifier(self.config, len(M)))
            dM, dK = np.zeros_like(M), np.zeros_like(K)
            plain.scatter_add(dM, plain.sent(cache), read.dm)
            plain.scatter_add(dK, plain.sent(cache), read.dk)
            self.dM[:N] += dM[:N]
            self.dkeys[:N] += dK[:N]
            self.dq[t - 1] = read.dq.sum(axis=0)
            for name, value in read.dweights.items():
                self.dweights[name] += value
            self.own.append((dK[N:], M[N:]))
            dhhat = self.score.query_backward(read.dq, hhat) + self.score.key_backward(dK[N:], M[N:]).sum(axis=0)
            return dM[N:].sum(axis=0) + (dhhat if self.config.score_grad else 0.0)

        def of_weights(self) -> dict[str, Array]:
            found, none = super().of_weights(), slice(0, 0)
            for dK, M in self.own:
                of_keys = self.score.weights_backward(dK, M, self.dq[none], self.tape.hhat[none])
                found |= {name: found[name] + value for name, value in of_keys.items()}
            return found

    return MemoryGradients


READING = [
    Mistake(
        "a slot is read in its own step",
        "A step that writes a slot already reads it, as hhat; a slot is visible from the next step on.",
        "forward",
        replace=_own_step_visible,
    ),
    Mistake(
        "appended before the read",
        "hhat is stored, and then the memory is read, this slot with it; h = hhat + s is stored after the read.",
        "forward",
        (
            Change(_PLAIN, "if N := config.slots_before(t):", f"{_APPEND}\n    if N := config.slots_before(t + 1):"),
            Change(_PLAIN, f"M = tape.h_all{_SLOTS}[:N]", f"xp = array_module(tape.x)\n        M = {_STORED}[:N]"),
            Change(_PLAIN, "if t % config.k_att == 0:\n        tape.keys[N] = score.key(tape.h_all[t])", ""),
            Change(_PLAIN, f"self.M = tape.h_all{_SLOTS}", f"self.M = {_STORED}"),
            Change(_PLAIN, "self.config.slots_before(t), self", "self.config.slots_before(t + 1), self"),
            Change(_PLAIN, f"dh{_SLOT}  # B.4*\n            ", ""),
            Change(_PLAIN, f"{_READ}  # B.2*, B.3*", f"{_READ}\n            dhhat{_SLOT}"),
        ),
        tag="B.4",
    ),
    Mistake(
        "query from the state before the step",
        "The memory is asked with h_{t-1}, before the LSTM step, and should be asked with hhat_t.",
        "forward",
        (
            Change(_PLAIN, _RECALL, "recall(tape.h_all[t - 1], M"),
            Change(_PLAIN, _HHAT, "self.config.slots_before(t), self.tape.h_all[t - 1]"),
            Change(_PLAIN, _QUERIES, "self.M, self.dq, self.tape.h_all[:-1])"),
            Change(_PLAIN, "dhhat = dh\n        if memory:", "dhhat, asked = dh, 0.0\n        if memory:"),
            Change(_PLAIN, _READ, "asked = memory.backward_of_read(t, ds)"),
            Change(_PLAIN, _LSTM, _LSTM.replace("dh,", "dh_old,")),
            Change(_PLAIN, "dz_all[t - 1] = dz.sum(axis=0)", "dh, dz_all[t - 1] = dh_old + asked, dz.sum(axis=0)"),
        ),
        tag="B.2",
    ),
    Mistake(
        "cells remembered",
        "The memory holds c and is asked with c; it should hold h and be asked with hhat.",
        "forward",
        (
            Change(_PLAIN, f"M = tape.h_all{_SLOTS}[:N]", f"M = tape.c_all{_SLOTS}[:N]"),
            Change(_PLAIN, f"self.M = tape.h_all{_SLOTS}", f"self.M = tape.c_all{_SLOTS}"),
            Change(_PLAIN, "tape.keys[0] = score.key(h0)", "tape.keys[0] = score.key(c0)"),
            Change(_PLAIN, "tape.keys[N] = score.key(tape.h_all[t])", "tape.keys[N] = score.key(tape.c_all[t])"),
            Change(_PLAIN, _RECALL, "recall(tape.c_all[t], M"),
            Change(_PLAIN, _HHAT, "self.config.slots_before(t), self.tape.c_all[t]"),
            Change(_PLAIN, _QUERIES, "self.M, self.dq, self.tape.c_all[1:])"),
            Change(_PLAIN, f"dh{_SLOT}", f"dc{_SLOT}"),
            Change(_PLAIN, _READ, "dc = dc + memory.backward_of_read(t, ds)"),
            Change(_PLAIN, 'grads["h0"] += memory', 'grads["c0"] += memory'),
        ),
        tag="B.4",
    ),
    Mistake(
        "read only by steps that write",
        "The memory is read every k_att-th step, when it is written; every step should read it.",
        "forward",
        (
            Change(
                _PLAIN, "if N := config.slots_before(t):", "if (N := config.slots_before(t)) and not t % config.k_att:"
            ),
        ),
        tag="B.2",
    ),
    Mistake(
        "no state while the memory is empty",
        "h is s alone where there is nothing to read, and so zero; it should be hhat.",
        "forward",
        (
            Change(
                _PLAIN,
                "tape.h_all[t] = tape.hhat[t - 1]\n        if score:",
                "tape.h_all[t] = tape.hhat[t - 1] * (not score or config.slots_before(t) > 0)\n        if score:",
            ),
            Change(_PLAIN, _READ, "dhhat = (dh + memory.backward_of_read(t, ds)) * (config.slots_before(t) > 0)"),
        ),
        tag="B.3",
    ),
    Mistake(
        "summary detached",
        "s is detached: a read sends nothing back, to slots, query or the score's weights.",
        "backward",
        (Change(_PLAIN, "ds[truncation.loss_level] += ds_loss[t - 1]", "ds = 0 * ds"),),
    ),
]
