"""What is asked of somebody's program, and what it answers."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from sabcore.array.files import read_tensors, write_tensors
from sabcore.errors import FormatError
from sabcore.model.config import SABConfig

Tensors = dict[str, np.ndarray]
#: What an answer may hold besides `y` and gradients: the states and summaries of steps 1..T.
STATES = ("h", "s", "c")


class Question(NamedTuple):
    """One run: a configuration, its parameters, x (T,B,I) and dy (T,B,O); h0 and c0 (B,H) or None, which is zeros."""

    config: SABConfig
    params: Tensors
    x: np.ndarray
    dy: np.ndarray
    h0: np.ndarray | None = None
    c0: np.ndarray | None = None

    @property
    def states(self) -> tuple[np.ndarray, np.ndarray]:
        """h0 and c0, zeros where they are not given."""
        zeros = np.zeros((self.x.shape[1], self.config.hidden_size))
        return (zeros if self.h0 is None else self.h0), (zeros if self.c0 is None else self.c0)


@dataclass
class Answer:
    """The tensors that a program gave, by the contract's names, and what was noticed while it ran.

    `printed`: bytes on its output. `wrote`: the inputs that it changed. `reseeded`: the libraries whose global random
    state it changed. `seconds`: how long it took.
    """

    tensors: Tensors
    printed: int = 0
    wrote: list[str] = field(default_factory=list)
    reseeded: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def noticed(self) -> dict[str, Any]:
        """All but the tensors, JSON-ready."""
        return {name: value for name, value in vars(self).items() if name != "tensors"}


def write_question(path: str | os.PathLike, question: Question) -> None:
    """Write a question as `x`, `dy`, `param.NAME`, and `h0` and `c0` if given; the config is in the metadata."""
    tensors = {"x": question.x, "dy": question.dy}
    tensors |= {f"param.{name}": value for name, value in question.params.items()}
    tensors |= {name: value for name in ("h0", "c0") if (value := getattr(question, name)) is not None}
    metadata = {"format": "sab-question", "version": "1", "config": json.dumps(question.config.to_dict())}
    write_tensors(path, tensors, metadata)


def read_question(path: str | os.PathLike) -> Question:
    """The question that `write_question` wrote."""
    tensors, metadata = read_tensors(path)
    params = {name.removeprefix("param."): value for name, value in tensors.items() if name.startswith("param.")}
    config = SABConfig.from_dict(json.loads(metadata["config"]))
    return Question(config, params, tensors["x"], tensors["dy"], tensors.get("h0"), tensors.get("c0"))


def write_answer(path: str | os.PathLike, tensors: Mapping[str, np.ndarray]) -> None:
    """Write an answer's tensors under their own names."""
    write_tensors(path, tensors, {"format": "sab-answer", "version": "1"})


def read_answer(path: str | os.PathLike) -> Tensors:
    """The tensors of an answer.

    Raises:
        FormatError: no readable safetensors file, or an empty one.
    """
    tensors, _ = read_tensors(path)
    if not tensors:
        raise FormatError("the answer holds no tensor, but should hold y at least")
    return tensors
