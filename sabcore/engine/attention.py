"""Which memories each step reads, as a dense table: for pictures and for study, never part of a gradient."""

from __future__ import annotations

from collections.abc import Mapping

from sabcore.backend import Array, array_module
from sabcore.config import SABConfig
from sabcore.engine.plain import PlainTape
from sabcore.errors import ConfigError
from sabcore.step.recall import gather, scatter_add
from sabcore.step.score import make_score
from sabcore.step.sparsify import make_sparsifier


def attention(config: SABConfig, params: Mapping[str, Array], tape: PlainTape) -> Array:
    """The weight w of every slot at every step, (T,B,N), N the slots written by the end; zero where nothing is read.

    Slot j (from 0) is the hidden state of step `config.first_slot + j * config.k_att`. O(T N) memory.

    Raises:
        ConfigError: a plain LSTM, which has no memory to attend to.
    """
    if not config.has_memory:
        raise ConfigError("k_top is 0: a plain LSTM has no attention to show")
    xp, (T, B, _), score = array_module(tape.x), tape.x.shape, make_score(config, params)
    table = xp.zeros((T, len(tape.keys), B), tape.x.dtype)
    for t, (cache, hhat) in enumerate(zip(tape.recalls, tape.hhat, strict=True), start=1):
        if cache is not None:
            N = config.slots_before(t)
            a = cache.a if cache.a is not None else score.score(gather(tape.keys[:N], cache.slots), score.query(hhat))
            scatter_add(table[t - 1, :N], cache.slots, make_sparsifier(config, N).weights(a))
    return table.transpose(0, 2, 1)
