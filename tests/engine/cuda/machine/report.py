"""What a launch cost, counted: PTX instructions by kind, memory sectors, shared memory's wavefronts, barriers.

PTX is not what a GPU executes: the assembler merges and moves instructions. Counts compare one kernel with another.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.engine.cuda.machine.parse import Instruction
from tests.engine.cuda.machine.races import WARP, warps_of

Array = Any
SECTOR, BANKS = 32, 32
_SPECIAL = {"ex2", "lg2", "sin", "cos", "sqrt", "rsqrt", "rcp", "tanh"}
_CONTROL = {"bra", "brx", "ret", "exit", "bar", "barrier", "call", "shfl", "vote", "match", "redux", "activemask"}


def kind_of(ins: Instruction) -> str:
    """float, special, integer, control or memory."""
    if ins.name in ("ld", "ldu", "st"):
        return "memory"
    if ins.name in _CONTROL:
        return "control"
    if ins.name in _SPECIAL or (ins.name == "div" and ins.types[-1][0] == "f"):
        return "special"
    return "float" if ins.types and ins.types[-1][0] == "f" and ins.name != "mov" else "integer"


@dataclass
class Counts:
    """By instruction: how often a warp executed it, and what that cost in memory."""

    executed: Array
    global_: Array
    sectors: Array
    shared: Array
    wavefronts: Array
    local: Array

    @staticmethod
    def of(size: int) -> Counts:
        return Counts(*(np.zeros(size, np.int64) for _ in range(6)))


@dataclass(frozen=True)
class Report:
    """Averages over blocks. `instructions` by kind; loads and stores count warps. `lines`: per line of PTX that was
    executed, its text, and how often; the same with sectors and wavefronts for what touches memory."""

    instructions: dict[str, float]
    global_loads: float
    global_stores: float
    sectors_loaded: float
    sectors_stored: float
    shared_loads: float
    shared_stores: float
    wavefronts_loaded: float
    wavefronts_stored: float
    local_loads: float
    local_stores: float
    barriers: float
    warp_barriers: float
    lines: dict[int, Line] = field(repr=False)

    def __sub__(self, other: Report) -> Report:
        """The difference, without lines: of two lengths of a sequence, what the steps between them cost."""
        numbers = {
            name: value - getattr(other, name)
            for name, value in vars(self).items()
            if name not in ("instructions", "lines")
        }
        kinds = {kind: n - other.instructions.get(kind, 0) for kind, n in self.instructions.items()}
        return Report(kinds, **numbers, lines={})

    def __truediv__(self, by: float) -> Report:
        """Each number divided, without lines."""
        numbers = {name: n / by for name, n in vars(self).items() if name not in ("instructions", "lines")}
        return Report({kind: n / by for kind, n in self.instructions.items()}, **numbers, lines={})


@dataclass(frozen=True)
class Line:
    """One line of PTX, per block."""

    text: str
    executed: float
    sectors: float
    wavefronts: float


def make_report(code: list[Instruction], counts: Counts, blocks: int, warps: int) -> Report:
    """From the counts of a whole launch."""
    kinds: dict[str, float] = {}
    for ins, n in zip(code, counts.executed, strict=True):
        kinds[kind_of(ins)] = kinds.get(kind_of(ins), 0) + int(n) / blocks
    loads = np.array([ins.name in ("ld", "ldu") for ins in code], bool)
    barriers = np.array([ins.name in ("bar", "barrier") and "warp" not in ins.flags for ins in code], bool)
    warp_barriers = np.array([ins.name == "bar" and "warp" in ins.flags for ins in code], bool)

    def total(of: Array, where: Array) -> float:
        return float(of[where].sum() / blocks)

    both = {
        f"{what}_{did}": total(of, where)
        for what, of, dids in (
            ("global", counts.global_, ("loads", "stores")),
            ("sectors", counts.sectors, ("loaded", "stored")),
            ("shared", counts.shared, ("loads", "stores")),
            ("wavefronts", counts.wavefronts, ("loaded", "stored")),
            ("local", counts.local, ("loads", "stores")),
        )
        for did, where in zip(dids, (loads, ~loads), strict=True)
    }
    lines = {
        ins.line: Line(
            ins.text, *(float(of[i]) / blocks for of in (counts.executed, counts.sectors, counts.wavefronts))
        )
        for i, ins in enumerate(code)
        if counts.executed[i]
    }
    return Report(
        kinds,
        **both,
        barriers=total(counts.executed, barriers) / warps,
        warp_barriers=total(counts.executed, warp_barriers),
        lines=lines,
    )


def _by_warp(values: Array, threads: Array, warps: int) -> Array:
    """values (threads,) or (threads,count) >= 0 -> (warps, .) sorted, -1 where a thread has none."""
    rows = np.full((warps * WARP, *values.shape[1:]), -1, np.int64)
    rows[threads] = values
    rows = rows.reshape(warps, -1)
    rows.sort(axis=1)
    return rows


def sectors(offsets: Array, threads: Array, warps: int) -> int:
    """How many sectors of 32 bytes the warps of one instruction touch, each warp for itself."""
    first = offsets[0] // SECTOR
    if first == offsets[-1] // SECTOR and not np.count_nonzero(offsets // SECTOR != first):
        return warps_of(threads)
    rows = _by_warp(offsets // SECTOR, threads, warps)
    return int(np.count_nonzero(rows[:, 1:] != rows[:, :-1])) + warps - int(np.count_nonzero(rows[:, 0] < 0))


def wavefronts(offsets: Array, size: int, threads: Array, warps: int) -> int:
    """How often shared memory must be asked: for each warp the most distinct words that lie in one of 32 banks.

    `size` bytes a thread. Words may be served in any order, so for 8 and 16 bytes this is the least it can be.
    """
    words = offsets // 4
    if words[0] == words[-1] and not np.count_nonzero(words != words[0]):
        return warps_of(threads)
    rows = _by_warp(words[:, None] + np.arange(max(1, size // 4)), threads, warps)
    new = rows >= 0
    new[:, 1:] &= rows[:, 1:] != rows[:, :-1]
    banks = (rows % BANKS + np.arange(warps)[:, None] * BANKS)[new]
    return int(np.bincount(banks, minlength=warps * BANKS).reshape(warps, BANKS).max(1).sum())
