"""The kernels' source: the .cu files of this folder as one text that keeps its parts' names and line numbers."""

from __future__ import annotations

import functools
from pathlib import Path

#: In the order in which one needs the other.
FILES = "numbers records product lstm topk sparsify score recall forward backward".split()


@functools.cache
def source() -> str:
    """What a compiler gets, with the constants of a `Build`."""
    here = Path(__file__).parent
    return "".join(f'#line 1 "{name}.cu"\n' + (here / f"{name}.cu").read_text(encoding="utf-8") for name in FILES)
