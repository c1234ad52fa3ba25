"""What ports store, where they look for it, and where they cut it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from sabcore.array.library import Array
from sabcore.validate.mistakes.record import Change, Mistake

_PLAIN = "engine/plain.py"
_CONFIG = "model/config.py"
_STATE = "tape.h_all[t] = tape.hhat[t - 1] + tape.s[t - 1]"
_SUMMARY = "ds = dh.copy()"
_LOSS = "dh[truncation.loss_level] += dh_loss[t - 1]"
_SLOT = "dh[truncation.slot_level] += memory.slot_credit(t)"
_SLOTS = "tape.h_all[config.first_slot :: config.k_att]"
#: The steps 1, 1 + k_att, ..., and 0 before them where h0 is a slot.
_WRITTEN = "[*range(config.first_slot, 1), *range(1, len(tape.h_all), config.k_att)]"
_PROVISIONAL = "xp.concatenate((tape.h_all[:1], tape.hhat))[config.first_slot :: config.k_att]"
_PREVIOUS = "h_prev, c_prev = tape.h_all[t - 1], tape.c_all[t - 1]"
_PREVIOUS_PROVISIONAL = "h_prev, c_prev = tape.hhat[t - 2] if t > 1 else h0, tape.c_all[t - 1]"
_OF_W_HH = "outer_sum(dz_all, tape.h_all[:-1])"
_OF_W_HH_PROVISIONAL = "outer_sum(dz_all, xp.concatenate((tape.h_all[:1], tape.hhat[:-1])))"
_NEXT = "if t > 1:\n            dh, dc"
_DROP = "if memory and truncation.cuts(t):\n            memory.dM[:], memory.dropped[:] = 0, memory.dkeys"
_NOT_CUT = " * (not truncation.cuts(t + 1))"


class MixedRecall(NamedTuple):
    """A read of all slots, as far as the loop knows, and what it was of."""

    slots: None
    a: None
    inner: Any
    back: None = None


def _as_mixed(memory: Array) -> Array:
    """(N,B,...) taken for (B,N,...), and then put into the order (N,B,...)."""
    N, B = memory.shape[:2]
    return memory.reshape(B, N, *memory.shape[2:]).swapaxes(0, 1)


def _unmixed(memory: Array) -> Array:
    N, B = memory.shape[:2]
    return memory.swapaxes(0, 1).reshape(N, B, *memory.shape[2:])


def _mix(parts: Any) -> None:
    recall, recall_backward, scatter_add = parts.recall.recall, parts.recall.recall_backward, parts.recall.scatter_add

    def mixed_recall(
        hhat: Array, M: Array, K: Array, score: Any, sparsifier: Any, k_back: int | None
    ) -> tuple[Array, MixedRecall]:
        s, cache = recall(hhat, _as_mixed(M), _as_mixed(K), score, sparsifier, k_back)
        return s, MixedRecall(None, None, cache)

    def mixed_recall_backward(
        ds: Array, hhat: Array, M: Array, K: Array, cache: MixedRecall, score: Any, sparsifier: Any
    ) -> Any:
        M, K = _as_mixed(M), _as_mixed(K)
        read = recall_backward(ds, hhat, M, K, cache.inner, score, sparsifier)
        of_slots, of_keys, *rest = read
        dm, dk = np.zeros_like(M), np.zeros_like(K)
        scatter_add(dm, parts.recall.sent(cache.inner), of_slots)
        scatter_add(dk, parts.recall.sent(cache.inner), of_keys)
        return type(read)(_unmixed(dm), _unmixed(dk), *rest)

    parts.plain.recall, parts.plain.recall_backward = mixed_recall, mixed_recall_backward


MEMORY = [
    Mistake(
        "memory (N,B,H) read as (B,N,H)",
        "The memory's first two axes are exchanged by view, not by transpose: each sequence reads slots of others.",
        "forward",
        replace=_mix,
    ),
    Mistake(
        "written at t mod k_att = 1",
        "Slots are the states of steps 1, 1 + k_att, ..., not of k_att, 2 k_att, ...",
        "forward",
        (
            Change(
                _CONFIG,
                'return 0 if self.memory_start == "zero_state" else self.k_att',
                'return 0 if self.memory_start == "zero_state" else 1',
            ),
            Change(
                _CONFIG,
                "return slots_before(t, self.first_slot, self.k_att)",
                'return (t - 2) // self.k_att + 1 + (self.memory_start == "zero_state")',
            ),
            Change(_PLAIN, "if t % config.k_att == 0:", "if (t - 1) % config.k_att == 0:"),
            Change(_PLAIN, f"M = {_SLOTS}[:N]", f"M = tape.h_all[{_WRITTEN}][:N]"),
            Change(
                _PLAIN, f"self.M = {_SLOTS}", f"self.written = {_WRITTEN}\n        self.M = tape.h_all[self.written]"
            ),
            Change(
                _PLAIN,
                "j = slot_of(t, self.config.first_slot, self.config.k_att)",
                "j = self.written.index(t) if t in self.written else -1",
            ),
        ),
        tag="B.4",
    ),
    Mistake(
        "summary not fed back",
        "h = hhat: what is recalled reaches the output and nothing else.",
        "forward",
        (
            Change(_PLAIN, _STATE, "tape.h_all[t] = tape.hhat[t - 1] + 0 * tape.s[t - 1]"),
            Change(_PLAIN, _SUMMARY, "ds = 0 * dh"),
        ),
        tag="B.3*",
    ),
    Mistake(
        "recurrence without the summary",
        "The next step starts from hhat; h = hhat + s is stored and read out.",
        "forward",
        (
            Change(_PLAIN, _PREVIOUS, _PREVIOUS_PROVISIONAL),
            Change(_PLAIN, _LOSS, f"carried = dh.copy()\n        {_LOSS}"),
            Change(_PLAIN, _SUMMARY, "ds = dh - carried"),
            Change(_PLAIN, _OF_W_HH, _OF_W_HH_PROVISIONAL),
        ),
        tag="B.3",
    ),
    Mistake(
        "provisional states stored",
        "The memory holds hhat, and should hold h = hhat + s.",
        "forward",
        (
            Change(_PLAIN, f"M = {_SLOTS}[:N]", f"xp = array_module(tape.x)\n        M = {_PROVISIONAL}[:N]"),
            Change(_PLAIN, f"self.M = {_SLOTS}", f"self.M = {_PROVISIONAL}"),
            Change(_PLAIN, "score.key(tape.h_all[t])", "score.key(tape.hhat[t - 1])"),
            Change(_PLAIN, f"{_SLOT}  # B.4*\n            {_SUMMARY}", f"{_SUMMARY}\n            {_SLOT}"),
        ),
        tag="B.4",
    ),
    Mistake(
        "attention after the recurrence",
        "The LSTM runs on its own; hhat is carried on and stored, and h = hhat + s reaches the output alone.",
        "forward",
        (
            Change(_PLAIN, _PREVIOUS, _PREVIOUS_PROVISIONAL),
            Change(_PLAIN, f"M = {_SLOTS}[:N]", f"xp = array_module(tape.x)\n        M = {_PROVISIONAL}[:N]"),
            Change(_PLAIN, f"self.M = {_SLOTS}", f"self.M = {_PROVISIONAL}"),
            Change(_PLAIN, "score.key(tape.h_all[t])", "score.key(tape.hhat[t - 1])"),
            Change(_PLAIN, _LOSS, f"carried = dh.copy()\n        {_LOSS}"),
            Change(_PLAIN, f"{_SLOT}  # B.4*\n            {_SUMMARY}", f"ds = dh - carried\n            {_SLOT}"),
            Change(_PLAIN, _OF_W_HH, _OF_W_HH_PROVISIONAL),
        ),
        tag="B.3",
    ),
    Mistake(
        "state cut after its step",
        "At a boundary the new state is detached before it is stored and read out; cutting"
        " what the next step reads leaves both whole.",
        "backward",
        (Change(_PLAIN, _LOSS, _LOSS + _NOT_CUT), Change(_PLAIN, _SLOT, _SLOT + _NOT_CUT)),
    ),
    Mistake(
        "state cut before it is stored",
        "At a boundary the new state is detached after it is read out and before it is stored.",
        "backward",
        (Change(_PLAIN, _SLOT, _SLOT + _NOT_CUT),),
    ),
    Mistake(
        "state cut before it is read out",
        "At a boundary the new state is detached after it is stored and before it is read out.",
        "backward",
        (Change(_PLAIN, _LOSS, _LOSS + _NOT_CUT),),
    ),
    Mistake(
        "memory detached at boundaries",
        "At a boundary all slots are detached with the state: reads of older segments send nothing back.",
        "backward",
        (
            Change(
                _PLAIN, "self.dq = xp.zeros((", "self.dropped = xp.zeros_like(tape.keys)\n        self.dq = xp.zeros(("
            ),
            Change(_PLAIN, "key_backward(self.dkeys[j],", "key_backward(self.dkeys[j] - self.dropped[j],"),
            Change(_PLAIN, _NEXT, f"{_DROP}\n        {_NEXT}"),
        ),
        tag="B.4*",
    ),
]
