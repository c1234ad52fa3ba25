"""What a model computes: one frozen record with every choice that the equations leave open, and six presets."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from sabcore.array.checks import check_whole
from sabcore.errors import ConfigError
from sabcore.model.slots import slots_before

Truncation = Literal["segment", "sliding"]
Score = Literal["additive", "separable"]
Sparsifier = Literal["threshold", "softmax"]
ThresholdRank = Literal["k_top+1", "k_top"]
SmallMemory = Literal["raw", "softmax", "threshold"]
MemoryStart = Literal["empty", "zero_state"]

_CHOICES: dict[str, tuple[str, ...]] = {
    "truncation": get_args(Truncation),
    "score": get_args(Score),
    "sparsifier": get_args(Sparsifier),
    "threshold_rank": get_args(ThresholdRank),
    "small_memory": get_args(SmallMemory),
    "memory_start": get_args(MemoryStart),
}
#: The smallest value of each whole-number field; `_NULLABLE` ones may be None as well.
_AT_LEAST = {
    "input_size": 1,
    "hidden_size": 1,
    "output_size": 1,
    "attention_size": 1,
    "k_top": 0,
    "k_att": 1,
    "k_trunc": 1,
    "k_remind": 1,
    "k_back": 1,
    "segment_offset": 0,
}
_NULLABLE = {"attention_size", "k_top", "k_trunc", "k_remind", "k_back"}

#: What each preset fixes (the table "Presets" of the spec); sizes and the k's are the caller's.
PRESETS: dict[str, dict[str, Any]] = {
    "paper": {},
    "dev2018": {
        "margin": -1e-7,
        "small_memory": "raw",
        "memory_start": "zero_state",
        "segment_offset": 1,
    },
    "released": {
        "score": "separable",
        "threshold_rank": "k_top",
        "margin": 1e-7,
        "small_memory": "raw",
        "memory_start": "zero_state",
        "segment_offset": 1,
    },
    "self_attention": {"sparsifier": "softmax", "k_top": None},
    "sab2017": {"sparsifier": "softmax", "k_top": None},
    "lstm": {"k_top": 0},
}


def left_to_caller(preset: str) -> tuple[str, ...]:
    """The fields, besides sizes, that `preset` must be given: k_top if it fixes none; and k_back of sab2017."""
    return (() if "k_top" in PRESETS.get(preset, {}) else ("k_top",)) + (("k_back",) if preset == "sab2017" else ())


@dataclass(frozen=True, kw_only=True)
class SABConfig:
    """Every choice of the model. Frozen, and checked when made; a field that does not apply is ignored.

    Sizes: `input_size` I, `hidden_size` H, `output_size` O, `attention_size` A (None: H).

    Attributes:
        k_top: how many memories a step may read; 0 is a plain LSTM, None reads all of them (softmax only).
        k_att: every k_att-th hidden state is written to the memory.
        k_trunc: the length of the local window of the backward pass, in steps; None is full BPTT.
        k_remind: the same around a reminded state, under `sliding` only; None is `k_trunc`.
        k_back: of the memories that have weight, only the k_back of largest score send gradient back, ties towards the
            older; None: all do. The forward pass is the same.
        truncation: `segment` cuts the states between fixed segments; `sliding` gives each gradient its own budget.
        segment_offset: shifts the segment boundaries; 1 in the released code.
        score: `additive` (paper) or `separable` (released code).
        sparsifier: `threshold` (subtract the r-th largest score and normalise) or `softmax` over the largest k_top.
        threshold_rank: which rank is subtracted: `k_top+1` (paper) or `k_top` (released code).
        margin, eps: `v = max(0, a - theta - margin)`, `S = sum v + eps`.
        small_memory: what replaces the threshold while the memory holds no more than k_top slots.
        temperature: divides the scores under the `softmax` sparsifier.
        memory_start: `empty`, or `zero_state`: the initial state h0 is slot 1.
        score_grad: False detaches memories and query inside the score; its weights still learn.

    Raises:
        ConfigError: a field outside its range, an unknown choice, or a combination that means nothing.

    Source: Ke et al., NeurIPS 2018 (arXiv 1809.03702), section 3; the variants are those of the released code.
    """

    input_size: int
    hidden_size: int
    output_size: int
    attention_size: int | None = None
    k_top: int | None
    k_att: int = 1
    k_trunc: int | None = None
    k_remind: int | None = None
    k_back: int | None = None
    truncation: Truncation = "segment"
    segment_offset: int = 0
    score: Score = "additive"
    sparsifier: Sparsifier = "threshold"
    threshold_rank: ThresholdRank = "k_top+1"
    margin: float = 0.0
    eps: float = 1e-7
    small_memory: SmallMemory = "threshold"
    temperature: float = 1.0
    memory_start: MemoryStart = "empty"
    score_grad: bool = True

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            _check_choice(name, getattr(self, name), choices)
        for name, least in _AT_LEAST.items():
            if getattr(self, name) is not None or name not in _NULLABLE:
                check_whole(name, getattr(self, name), least)
        for name in ("margin", "eps", "temperature"):
            _check_real(name, getattr(self, name), positive=name != "margin")
        if not isinstance(self.score_grad, bool):
            raise ConfigError(f"score_grad is {self.score_grad!r}, but should be true or false")
        if self.k_top is None and self.sparsifier == "threshold":
            raise ConfigError("k_top is null with the threshold sparsifier, but only softmax can read every slot")
        if self.k_remind is not None and self.truncation == "segment":
            raise ConfigError("k_remind is set with segment truncation, but exists only under truncation 'sliding'")

    @classmethod
    def preset(cls, name: str, **fields: Any) -> SABConfig:
        """The preset called `name`, with the sizes and any other field given.

        Raises:
            ConfigError: an unknown preset or field, or a missing one.
        """
        _check_choice("preset", name, tuple(PRESETS))
        if "k_back" in left_to_caller(name) and fields.get("k_back") is None:
            raise ConfigError(f"the preset {name} needs k_back: without it, it is self_attention")
        return cls._make({**PRESETS[name], **fields})

    @classmethod
    def paper(cls, **fields: Any) -> SABConfig:
        """The paper's text: additive score, threshold at rank k_top + 1, an empty memory to start with."""
        return cls.preset("paper", **fields)

    @classmethod
    def dev2018(cls, **fields: Any) -> SABConfig:
        """The development version of July 2018: raw scores as weights while the memory is small, h0 as slot 1."""
        return cls.preset("dev2018", **fields)

    @classmethod
    def released(cls, **fields: Any) -> SABConfig:
        """The authors' released code: separable score and threshold at rank k_top, so k_top - 1 memories are read."""
        return cls.preset("released", **fields)

    @classmethod
    def self_attention(cls, **fields: Any) -> SABConfig:
        """Softmax over every slot: each one gets weight and gradient."""
        return cls.preset("self_attention", **fields)

    @classmethod
    def sab2017(cls, **fields: Any) -> SABConfig:
        """Softmax over every slot, gradient through the `k_back` of largest score alone, within a window of `k_trunc`.

        Our reading of the abstract of the 2017 version (arXiv 1711.02326); its body text could not be had.
        """
        return cls.preset("sab2017", **fields)

    @classmethod
    def lstm(cls, **fields: Any) -> SABConfig:
        """No memory at all: a plain LSTM with an output layer."""
        return cls.preset("lstm", **fields)

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> SABConfig:
        """The configuration of a file: exactly the spec's keys, no more and no fewer.

        Raises:
            ConfigError: a missing or unknown key, or a bad value.
        """
        if not isinstance(fields, Mapping):
            raise ConfigError(f"the config is a {type(fields).__name__}, but should be a dict of its fields")
        known = {field.name for field in dataclasses.fields(cls)}
        if missing := sorted(known - set(fields)):
            raise ConfigError(f"the config lacks the keys {', '.join(missing)}")
        return cls._make(fields)

    def to_dict(self) -> dict[str, Any]:
        """Every field by name, JSON-ready: what vector files and checkpoints hold."""
        return dataclasses.asdict(self)

    @classmethod
    def _make(cls, fields: Mapping[str, Any]) -> SABConfig:
        known = {field.name: field for field in dataclasses.fields(cls)}
        if unknown := sorted(set(fields) - set(known)):
            raise ConfigError(f"unknown config field {', '.join(unknown)}; the fields are {', '.join(known)}")
        required = [name for name, field in known.items() if field.default is dataclasses.MISSING]
        if missing := [name for name in required if name not in fields]:
            raise ConfigError(f"the config needs {', '.join(missing)}")
        return cls(**fields)

    @property
    def A(self) -> int:
        """Attention units: `attention_size`, or H where that is None."""
        return self.hidden_size if self.attention_size is None else self.attention_size

    @property
    def has_memory(self) -> bool:
        """False for a plain LSTM."""
        return self.k_top != 0

    @property
    def first_slot(self) -> int:
        """The step whose hidden state is the first slot: 0 (h0) or k_att. Later slots follow every k_att steps."""
        return 0 if self.memory_start == "zero_state" else self.k_att

    def slots_before(self, t: int) -> int:
        """N_t: how many slots step t = 1, 2, ... sees; `slots_before(T + 1)` is how many T steps write."""
        if not self.has_memory:
            return 0
        return slots_before(t, self.first_slot, self.k_att)


def check_config(config: object) -> None:
    """Let a SABConfig pass.

    Raises:
        ConfigError: something else.
    """
    if not isinstance(config, SABConfig):
        raise ConfigError(f"config is a {type(config).__name__}, but should be a SABConfig; see SABConfig.from_dict")


def _check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ConfigError(f"{name} is {value!r}, but should be one of {', '.join(map(repr, choices))}")


def _check_real(name: str, value: object, *, positive: bool) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= sys.float_info.max:
        raise ConfigError(f"{name} is {value!r}, but should be a finite number")
    if positive and value <= 0:
        raise ConfigError(f"{name} is {value!r}, but should be greater than 0")
