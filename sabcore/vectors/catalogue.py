"""The shipped vectors: what each one is, and which mistake it catches.

`sab vectors make --shipped --out DIR` makes them again, byte for byte on the same machine. Sizes are pairwise
different, so that no axis can be mistaken for another, and T is long enough for several segments, for a full memory and
for many steps after it.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sabcore.model.config import SABConfig
from sabcore.vectors.make import draw
from sabcore.vectors.record import Vector

#: With B = 2 and T = 11, no two of the six sizes are equal.
SIZES = {"input_size": 3, "hidden_size": 5, "output_size": 4, "attention_size": 6}


@dataclass(frozen=True)
class Case:
    """One shipped vector: a preset, the fields that differ from it, and how its arrays are drawn."""

    preset: str
    catches: str
    fields: Mapping[str, Any]
    T: int = 11
    B: int = 2
    state: bool = True
    zeros: tuple[str, ...] = ()
    sizes: Mapping[str, Any] = field(default_factory=lambda: SIZES)

    @property
    def config(self) -> SABConfig:
        """The model."""
        return SABConfig.preset(self.preset, **{**self.sizes, **self.fields})

    @property
    def notes(self) -> dict[str, str]:
        """What the file's metadata says besides the format."""
        return {"catches": self.catches}

    def draw(self, seed: int) -> Vector:
        """The vector without its expected values."""
        return draw(self.config, T=self.T, B=self.B, seed=seed, state=self.state, zeros=self.zeros)


def _case(preset: str, catches: str, /, **fields: Any) -> Case:
    own = {name: fields.pop(name) for name in ("T", "B", "state", "zeros", "sizes") if name in fields}
    return Case(preset, catches, fields, **own)


_SMALL = {**SIZES, "attention_size": None}
_SLIDING = {"truncation": "sliding"}

CATALOGUE: dict[str, Case] = {
    # A plain LSTM.
    "lstm-full": _case("lstm", "gate orders, a bias added twice, a transposed weight, a lost dc"),
    "lstm-segment": _case("lstm", "a cut one step early or late; a cut before step 1", k_trunc=4),
    "lstm-segment-offset": _case("lstm", "segment_offset ignored or subtracted", k_trunc=4, segment_offset=1),
    "lstm-sliding": _case("lstm", "k_trunc edges for k_trunc - 1; sliding taken for segment", k_trunc=4, **_SLIDING),
    "lstm-one-step": _case("lstm", "a loop that needs two steps; h0 and c0 swapped", T=1, k_trunc=1),
    "lstm-no-state": _case("lstm", "an initial state that is not zeros when none is given", state=False, T=7),
    # The paper: additive score, threshold at rank k_top + 1.
    "paper-full": _case("paper", "the threshold not differentiated, k-th for (k+1)-th, a lost path", k_top=2),
    "paper-top1": _case("paper", "off-by-one in the rank: k_top = 1 reads one slot", k_top=1, k_att=2, T=14),
    "paper-wide-memory": _case("paper", "a memory that never fills: r = min(k_top + 1, N_t)", k_top=20),
    "paper-att-default": _case("paper", "A taken for anything but H when null", k_top=3, sizes=_SMALL),
    "paper-segment": _case("paper", "memory slots detached at boundaries; a slot's gradient lost", k_top=3, k_trunc=4),
    "paper-segment-offset": _case(
        "paper",
        "k_att and boundaries confused: slots at 2, 4, .., cuts off the grid",
        k_top=2,
        k_att=2,
        k_trunc=3,
        segment_offset=1,
    ),
    "paper-segment-1": _case(
        "paper", "k_trunc = 1: only reads carry gradients back", k_top=2, k_att=3, k_trunc=1, T=16
    ),
    "paper-sliding": _case("paper", "k_remind null taken for unlimited", k_top=2, k_att=2, k_trunc=3, **_SLIDING),
    "paper-remind-short": _case(
        "paper", "one budget for both: k_remind < k_trunc", k_top=2, k_trunc=5, k_remind=2, **_SLIDING
    ),
    "paper-remind-long": _case(
        "paper", "k_remind clipped to k_trunc", k_top=3, k_att=2, k_trunc=2, k_remind=5, **_SLIDING
    ),
    "paper-remind-1": _case(
        "paper",
        "a reminded step must still credit its own reads",
        k_top=2,
        k_att=3,
        k_trunc=4,
        k_remind=1,
        T=16,
        **_SLIDING,
    ),
    "paper-sliding-1": _case(
        "paper", "no recurrent edge for the loss, some for reminders", k_top=2, k_trunc=1, k_remind=3, **_SLIDING
    ),
    "paper-score-detached": _case(
        "paper", "score_grad ignored, or the weights' gradient cut too", k_top=2, score_grad=False
    ),
    "paper-margin": _case("paper", "margin or eps left out or of the wrong sign", k_top=3, margin=0.05, eps=0.1),
    "paper-margin-below": _case("paper", "a slot below rank r that margin < 0 lets in", k_top=2, margin=-0.3, eps=0.01),
    "paper-tie": _case("paper", "ties broken towards the newer slot", k_top=2, margin=-0.1, eps=0.1, zeros=("w_a",)),
    "paper-raw": _case(
        "paper", "raw weights normalised, or cut at zero", k_top=4, k_att=2, small_memory="raw", k_trunc=4
    ),
    "paper-softmax-small": _case(
        "paper", "softmax while the memory is small left out", k_top=4, small_memory="softmax"
    ),
    "paper-zero-state": _case(
        "paper", "the gradient of h0 as a slot lost", k_top=2, k_att=2, memory_start="zero_state", k_trunc=3
    ),
    # The authors' code of July 2018, and as released.
    "dev2018": _case("dev2018", "slot 1 is h0: every later slot is one off", k_top=3, k_trunc=4),
    "dev2018-no-state": _case("dev2018", "an absent h0 is a slot of zeros all the same", k_top=2, k_att=2, state=False),
    "released": _case("released", "the separable score's terms swapped; rank k_top", k_top=3, k_trunc=4),
    "released-sparse": _case(
        "released", "zero state and k_att: slots h0, h3, h6, ..", k_top=2, k_att=3, k_trunc=5, T=16
    ),
    "released-top1": _case("released", "k_top = 1 reads nothing once the memory is full", k_top=1, k_att=2),
    "released-sliding": _case(
        "released", "raw reads and sliding windows together", k_top=3, k_att=2, k_trunc=3, k_remind=4, **_SLIDING
    ),
    "released-detached": _case("released", "score_grad with the separable score", k_top=4, score_grad=False),
    "released-rank-paper": _case("released", "threshold_rank tied to the score", k_top=2, threshold_rank="k_top+1"),
    # Softmax.
    "attention-full": _case("self_attention", "softmax's own Jacobian; a slot left out"),
    "attention-segment": _case(
        "self_attention", "full attention across segments", k_att=2, k_trunc=4, segment_offset=1
    ),
    "attention-hot": _case("self_attention", "temperature multiplied, or left out backwards", temperature=2.5, k_att=2),
    "attention-top": _case("self_attention", "k_top ignored by softmax; ties to memory size", k_top=3, temperature=0.5),
    "attention-tie": _case("self_attention", "ties at the cut-off broken towards the newer", k_top=3, zeros=("w_a",)),
    "attention-sliding": _case(
        "self_attention", "reminders of every slot at once", k_att=2, k_trunc=2, k_remind=4, **_SLIDING
    ),
    "attention-separable": _case(
        "self_attention", "the query cancels in softmax too", k_top=3, score="separable", memory_start="zero_state"
    ),
    "attention-detached": _case("self_attention", "score_grad under softmax", score_grad=False, k_trunc=4),
    # Sparse on the way back only: files of version 2.
    "sab2017": _case("sab2017", "k_back taken for k_top; dw of the slots left out lost", k_back=2, k_trunc=4),
    "sab2017-sliding": _case(
        "sab2017", "a slot left out credited through its score", k_back=1, k_trunc=2, k_remind=4, k_att=2, **_SLIDING
    ),
    "sab2017-tie": _case(
        "sab2017", "of equal scores the newer slot credited", k_back=2, k_trunc=3, temperature=0.5, zeros=("w_a",)
    ),
    "paper-back": _case("paper", "the threshold differentiated although its slot is left out", k_top=3, k_back=2),
    "dev2018-back": _case("dev2018", "raw reads all credited", k_top=3, k_back=1, k_att=2),
}


def seed_of(name: str) -> int:
    """The seed of a shipped vector: a checksum of its name, so that a new case leaves the others as they are."""
    return zlib.crc32(name.encode())
