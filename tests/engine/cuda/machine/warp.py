"""What the threads of a warp do together: wait, shuffle, vote, match, reduce."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.engine.cuda.machine.parse import Instruction
from tests.engine.cuda.machine.races import WARP
from tests.engine.cuda.machine.registers import Registers

Array = Any
_WITH_MEMBERS = {"shfl", "vote", "match", "redux"}


def is_exchange(ins: Instruction) -> bool:
    """Whether it waits for other threads of the warp."""
    return ins.name in _WITH_MEMBERS or ins.name == "activemask" or ("warp" in ins.flags and ins.name == "bar")


def members(ins: Instruction, registers: Registers) -> Callable[[Any], Array]:
    """A function of a group: (threads,), true for those all of whose named companions are in the group."""
    threads = registers.threads
    lane, warp = np.arange(threads) % WARP, np.arange(threads) // WARP
    weight, warps = np.uint64(1) << lane.astype(np.uint64), -(-threads // WARP)
    if ins.name == "activemask":
        return lambda group: group.mask
    named = registers.source(ins.operands[-1], "b32", ins)
    existing = np.zeros(warps, np.uint64)
    np.add.at(existing, warp, weight)

    def complete(group: Any) -> Array:
        if group.full and named.ndim == 0 and named == 0xFFFFFFFF:
            return group.mask
        here = np.zeros(warps, np.uint64)
        np.add.at(here, warp[group.threads], weight[group.threads])
        wanted = np.broadcast_to(named, threads).astype(np.uint64) & existing[warp]
        return (here[warp] & wanted == wanted) & (wanted & weight != 0)

    return complete


def exchange(ins: Instruction, registers: Registers) -> Callable[[Any], None] | None:
    """What a group of threads does when all are there; None for a barrier, which does nothing else."""
    if ins.name == "bar":
        return None
    return {"shfl": _shuffle, "vote": _vote, "match": _match, "redux": _reduce, "activemask": _active}[ins.name](
        ins, registers
    )


def _padded(values: Array, group: Any, fill: Any) -> tuple[Array, Array]:
    """(warps,32): the values of a group's threads and `fill` elsewhere; and which are the group's."""
    size = -(-len(group.mask) // WARP) * WARP
    padded, inside = np.full(size, fill, np.asarray(values).dtype), np.zeros(size, bool)
    padded[group.threads] = np.broadcast_to(values, len(group.mask))[group.threads]
    inside[group.threads] = True
    return padded.reshape(-1, WARP), inside.reshape(-1, WARP)


def _bits(mask: Array) -> Array:
    """(warps,32) bool -> (warps,) the same as bits of a number."""
    return (mask << np.arange(WARP, dtype=np.uint64)).sum(axis=-1, dtype=np.uint64).astype(np.uint32)


def _shuffle(ins: Instruction, registers: Registers) -> Callable[[Any], None]:
    """shfl.sync.mode.b32 d|p, a, b, c, members: d is the a of another lane, p whether there is one."""
    mode, paired = ins.flags[-1], len(ins.operands) == 6
    to = registers.view(ins.operands[0], "b32", ins)
    found = registers.view(ins.operands[1], "pred", ins) if paired else None
    a, b, c = (registers.source(operand, "b32", ins) for operand in ins.operands[1 + paired : 4 + paired])

    def shuffle(group: Any) -> None:
        lane = np.arange(len(group.mask)) % WARP
        by, clamp = (np.broadcast_to(x, lane.shape).astype(np.int64) & 31 for x in (b, c))
        segment = np.broadcast_to(c, lane.shape).astype(np.int64) >> 8 & 31
        least, most = lane & segment, (lane & segment) | (clamp & ~segment)
        source = {"up": lane - by, "down": lane + by, "bfly": lane ^ by, "idx": least | (by & ~segment)}[mode]
        exists = source >= most if mode == "up" else source <= most
        values, inside = _padded(a, group, 0)
        at = np.where(exists, source, lane) + np.arange(len(lane)) // WARP * WARP
        if not inside.reshape(-1)[at[group.threads]].all():
            raise ins.unsupported("shfl from a thread that is not there")
        to[group.threads] = values.reshape(-1)[at[group.threads]]
        if found is not None:
            found[group.threads] = exists[group.threads]

    return shuffle


def _vote(ins: Instruction, registers: Registers) -> Callable[[Any], None]:
    mode = next(flag for flag in ins.flags if flag != "sync")
    operand, unless = ins.operands[1], isinstance(ins.operands[1], str) and ins.operands[1].startswith("!")
    source = registers.source(operand[1:] if unless else operand, "pred", ins)
    to = registers.view(ins.operands[0], ins.types[0], ins)

    def vote(group: Any) -> None:
        values, inside = _padded(~source if unless else source, group, False)
        yes, no = (values & inside).any(1), (~values & inside).any(1)
        result = {"any": yes, "all": ~no, "uni": ~(yes & no)}.get(mode)
        result = _bits(values & inside) if result is None else result
        to[group.threads] = result[group.threads // WARP]

    return vote


def _match(ins: Instruction, registers: Registers) -> Callable[[Any], None]:
    paired = len(ins.operands) == 4
    source = registers.source(ins.operands[1 + paired], ins.types[-1], ins)
    to = registers.view(ins.operands[0], "b32", ins)
    agree = registers.view(ins.operands[1], "pred", ins) if paired else None

    def match(group: Any) -> None:
        values, inside = _padded(source, group, 0)
        same = (values[:, :, None] == values[:, None, :]) & inside[:, None, :]
        if "all" in ins.flags:
            first = np.argmax(inside, axis=1)
            one = ((values == values[np.arange(len(values)), first][:, None]) | ~inside).all(1)
            to[group.threads] = np.where(one, _bits(inside), 0)[group.threads // WARP]
            if agree is not None:
                agree[group.threads] = one[group.threads // WARP]
        else:
            to[group.threads] = _bits(same).reshape(-1)[group.threads]

    return match


def _reduce(ins: Instruction, registers: Registers) -> Callable[[Any], None]:
    kind, mode = ins.types[0], next(flag for flag in ins.flags if flag != "sync")
    source = registers.source(ins.operands[1], kind, ins)
    to = registers.view(ins.operands[0], kind, ins)
    limits = np.iinfo(to.dtype)
    reduction, neutral = {
        "add": (np.add, 0),
        "min": (np.minimum, limits.max),
        "max": (np.maximum, limits.min),
        "and": (np.bitwise_and, np.array(-1).astype(to.dtype)),
        "or": (np.bitwise_or, 0),
        "xor": (np.bitwise_xor, 0),
    }[mode]

    def reduce(group: Any) -> None:
        values, _ = _padded(source, group, neutral)
        to[group.threads] = reduction.reduce(values, axis=1, dtype=to.dtype)[group.threads // WARP]

    return reduce


def _active(ins: Instruction, registers: Registers) -> Callable[[Any], None]:
    to = registers.view(ins.operands[0], "b32", ins)

    def active(group: Any) -> None:
        _, inside = _padded(np.uint32(0), group, 0)
        to[group.threads] = _bits(inside)[group.threads // WARP]

    return active
