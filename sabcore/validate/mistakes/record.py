"""What a named mistake is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

Tensors = dict[str, np.ndarray]


class Change(NamedTuple):
    """In `file` (relative to the package), `old`, which stands there exactly once, reads `new`."""

    file: str
    old: str
    new: str


class Mistake(NamedTuple):
    """A mistake that people make, as a change of the plain engine: what it computes is what their programs compute.

    `why` completes "this program computes ...": one sentence for its author. `kind` says when it can be seen:
    "mapping" (parameters or gradients in the wrong place), "forward" (in the outputs) or "backward" (in gradients
    alone). The rest says how to make it, each optional: `changes` of lines; `replace`, which puts other parts into a
    copy of the engine; `takes`, what becomes of the parameters; `gives`, what becomes of the gradients. `tag`: the
    equation, where the line bears none. `is_mutant`: one wrong line; forward and backward may contradict each other.
    """

    name: str
    why: str
    kind: str
    changes: tuple[Change, ...] = ()
    replace: Callable[[Any], None] | None = None
    takes: Callable[[Tensors], Tensors] | None = None
    gives: Callable[[Tensors], Tensors] | None = None
    tag: str = ""
    is_mutant: bool = False

    @property
    def takes_effect_forward(self) -> bool:
        """Whether outputs change, for some input."""
        return self.kind == "forward" or self.takes is not None


def line(name: str, why: str, file: str, old: str, new: str, kind: str = "backward", tag: str = "") -> Mistake:
    """The mistake of one line."""
    return Mistake(name, why, kind, (Change(file, old, new),), tag=tag, is_mutant=True)
