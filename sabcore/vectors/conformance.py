"""Conformance vectors: what a port can be held to that starts from zeros and cuts, if at all, between fixed segments.

Hardly any port takes an initial state, and most know one truncation: the shipped set, which leaves no option out, would
call a right one wrong everywhere. Here every preset meets a memory that stays shorter than k_top, one that just reaches
it and one that outgrows it, with several sequences in a batch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sabcore.model.config import SABConfig
from sabcore.vectors.catalogue import SIZES
from sabcore.vectors.make import draw
from sabcore.vectors.record import Vector

#: What a flag says about a vector: what it is there to catch, and what a program that fails it gets wrong.
FLAGS = {
    "batch": "Sequences influence each other: thresholds or sums paired across rows, or (N,B,H) read as (B,N,H).",
    "lstm": "The LSTM itself: gate order, transposed weights, a bias added twice, a lost cell gradient.",
    "segment": "The state is cut a step early or late, after its step instead of before it, or not at all.",
    "offset": "The released code's boundaries, one step earlier: the offset is ignored or subtracted.",
    "short": "While the memory holds fewer than k_top slots: the rule for small memories is another one.",
    "equal": "When the memory holds exactly k_top slots: the last step of the small rule is one off.",
    "long": "Once the memory outgrows k_top: the wrong rank is subtracted, or it is not differentiated.",
    "sparse": "Memories written every k_att-th step: at t mod k_att = 1 instead of 0, or at every step.",
    "zero-state": "h0 is slot 1 although it is zero: without it every later slot is one off.",
    "softmax": "Weights over every slot: a temperature, a missing slot, softmax's own Jacobian.",
    "back": "Gradient through the k_back strongest slots alone: all are credited, or the others' weights forgotten.",
    "detached": "Gradients through the score's memories and query, which should be cut, are not; or its weights' are.",
}


class Conformance(NamedTuple):
    """One vector: a preset, the fields that differ from it, T steps, B sequences, and the flags that apply."""

    preset: str
    fields: Mapping[str, Any]
    T: int
    B: int
    flags: tuple[str, ...]

    @property
    def config(self) -> SABConfig:
        """The model."""
        return SABConfig.preset(self.preset, **{**SIZES, **self.fields})

    def draw(self, seed: int) -> Vector:
        """The vector without its expected values; no initial state, so that whoever checks starts from zeros."""
        return draw(self.config, T=self.T, B=self.B, seed=seed, state=False)

    @property
    def notes(self) -> dict[str, str]:
        """What the file's metadata says besides the format: the flags, and a sentence on each."""
        return {"flags": ",".join(self.flags), "catches": " ".join(FLAGS[flag] for flag in self.flags)}


def _of(preset: str, *flags: str, T: int, B: int = 2, **fields: Any) -> Conformance:
    return Conformance(preset, fields, T, B, flags)


#: T and k_top so that the last step sees fewer slots than k_top, just so many, or more.
CONFORMANCE: dict[str, Conformance] = {
    "conform-lstm": _of("lstm", "lstm", T=7),
    "conform-lstm-segment": _of("lstm", "lstm", "segment", T=11, k_trunc=4),
    "conform-paper-short": _of("paper", "short", T=6, k_top=9),
    "conform-paper-equal": _of("paper", "equal", "segment", T=7, k_top=6, k_trunc=3),
    "conform-paper-long": _of("paper", "long", "segment", T=11, k_top=2, k_trunc=4),
    "conform-paper-batch": _of("paper", "batch", "long", T=9, B=7, k_top=2),
    "conform-paper-sparse": _of("paper", "sparse", "long", "segment", T=13, k_top=2, k_att=3, k_trunc=5),
    "conform-paper-detached": _of("paper", "detached", "long", T=9, k_top=2, score_grad=False),
    "conform-dev2018-short": _of("dev2018", "short", "zero-state", T=6, k_top=9),
    "conform-dev2018-equal": _of("dev2018", "equal", "zero-state", "offset", T=6, k_top=6, k_trunc=3),
    "conform-dev2018-long": _of("dev2018", "long", "zero-state", "segment", "offset", T=11, k_top=3, k_trunc=4),
    "conform-dev2018-batch": _of("dev2018", "batch", "long", T=9, B=7, k_top=2),
    "conform-released-short": _of("released", "short", "zero-state", T=6, k_top=9),
    "conform-released-equal": _of("released", "equal", "zero-state", "offset", T=6, k_top=6, k_trunc=3),
    "conform-released-long": _of("released", "long", "zero-state", "segment", "offset", T=11, k_top=3, k_trunc=4),
    "conform-released-batch": _of("released", "batch", "long", T=9, B=7, k_top=3),
    "conform-attention": _of("self_attention", "softmax", "segment", T=9, k_trunc=4),
    "conform-attention-hot": _of("self_attention", "softmax", T=7, temperature=2.5),
    "conform-attention-batch": _of("self_attention", "softmax", "batch", "sparse", T=9, B=7, k_att=2),
    "conform-sab2017": _of("sab2017", "softmax", "back", "segment", T=9, k_back=2, k_trunc=4),
}
