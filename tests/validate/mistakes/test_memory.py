"""What ports store, where they look for it and where they cut it: outputs and gradients are what each sentence says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sabcore import SABConfig
from sabcore.validate.cases import ask
from sabcore.validate.mistakes.memory import MEMORY
from tests.validate.mistakes.model import Model, check, constant, wrong

SIZES: dict[str, Any] = {"input_size": 3, "hidden_size": 4, "output_size": 5, "attention_size": 6, "k_top": 2}
CONFIG = SABConfig.paper(**SIZES, k_att=2, eps=0.2, k_trunc=3, segment_offset=1, memory_start="zero_state")


def as_other_rows(self, memory):
    """Slots and sequences in one row, counted off again as sequences and slots."""
    N, B = len(memory), len(memory[0])
    flat = [memory[n][b] for n in range(N) for b in range(B)]
    return np.stack([np.stack([flat[b * N + n] for b in range(B)]) for n in range(N)])[:, None]


def cut_at_boundaries(self, t, state):
    """What a boundary after this step leaves of it."""
    return constant(state) if self.cuts(t + 1) else state


def stored_cut(self, t, hhat, h):
    return cut_at_boundaries(self, t, h)


def read_out_cut(self, t, h, s, hhat):
    return Model.output(self, t, cut_at_boundaries(self, t, h), s, hhat)


class DetachedAtBoundaries(Model):
    """After a boundary, slots are constants, of which keys are made again; W_m learns from them."""

    def carried(self, t, h, c):
        if self.cuts(t):
            self.slots = [constant(m) for m in self.slots]
            self.keys = [self.key(m) for m in self.slots]
        return Model.carried(self, t, h, c)


def from_provisional(self, t, h, c):
    return Model.carried(self, t, h if t == 1 else self.hhat, c)


WRONG: dict[str, type[Model]] = {
    "memory (N,B,H) read as (B,N,H)": wrong(visible=as_other_rows),
    "written at t mod k_att = 1": wrong(writes=lambda self, t: t % self.config.k_att == 1),
    "summary not fed back": wrong(state=lambda self, hhat, s: hhat),
    "recurrence without the summary": wrong(carried=from_provisional),
    "provisional states stored": wrong(stored=lambda self, t, hhat, h: hhat),
    "attention after the recurrence": wrong(carried=from_provisional, stored=lambda self, t, hhat, h: hhat),
    "state cut after its step": wrong(stored=stored_cut, output=read_out_cut),
    "state cut before it is stored": wrong(stored=stored_cut),
    "state cut before it is read out": wrong(output=read_out_cut),
    "memory detached at boundaries": DetachedAtBoundaries,
}


def test_each_mistake_has_its_model():
    assert [mistake.name for mistake in MEMORY] == list(WRONG)


@pytest.mark.parametrize(("start", "offset"), [("zero_state", 0), ("zero_state", 1), ("empty", 1)])
@pytest.mark.parametrize("mistake", MEMORY, ids=lambda mistake: mistake.name)
def test_what_is_computed_is_what_the_sentence_says(mistake, start, offset):
    """Boundaries before steps 3, 6, 9, or 4 and 7: at steps that write and at such that do not."""
    config = SABConfig.from_dict(CONFIG.to_dict() | {"memory_start": start, "segment_offset": offset})
    check(mistake, WRONG[mistake.name], ask(config, 1, 9, 3, states=True))
