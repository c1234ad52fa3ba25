"""What an instruction does to registers and memory, as a Python function of the threads that execute it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.engine.cuda.machine.arithmetic import operation
from tests.engine.cuda.machine.memory import LOCAL_BASE, SHARED_BASE, Memory
from tests.engine.cuda.machine.parse import TYPES, Address, Function, Immediate, Instruction, Operand
from tests.engine.cuda.machine.races import WARP, warps_of
from tests.engine.cuda.machine.registers import Registers
from tests.engine.cuda.machine.report import Counts, sectors, wavefronts

Array = Any


class Group:
    """Threads at the same instruction. `mask` (threads,), `threads` their numbers; `full`: it is all of them."""

    def __init__(self, mask: Array) -> None:
        self.mask = mask
        self.threads = np.flatnonzero(mask)
        self.count = len(self.threads)
        self.full = self.count == len(mask)
        self.warps = -(-len(mask) // WARP) if self.full else warps_of(self.threads)


Step = Callable[[Group], None]


class Steps:
    """A kernel's instructions for so many threads a block. `memory`, `params` and `counts` belong to a launch."""

    def __init__(self, kernel: Function, threads: int, symbols: dict[str, int]) -> None:
        self.kernel, self.code, self.symbols = kernel, kernel.code, symbols
        self.registers = Registers(kernel, threads)
        self.everyone = Group(np.ones(threads, bool))
        self.memory: Memory
        self.params: dict[str, Array] = {}
        self.counts: Counts
        self.counting = True

    def step(self, ins: Instruction, site: int) -> Step:
        """An instruction that neither moves threads nor lets them meet, as a function of the group that executes it."""
        step = self._bare_step(ins, site)
        if not ins.guard:
            return step
        holds, unless = self.registers.view(ins.guard, "pred", ins), ins.unless

        def guarded(group: Group) -> None:
            mask = group.mask & (~holds if unless else holds)
            if mask.any():
                step(Group(mask))

        return guarded

    def _bare_step(self, ins: Instruction, site: int) -> Step:
        if ins.name == "ld":
            return self._load_param(ins) if "param" in ins.flags else self._load(ins, site)
        if ins.name == "st":
            return self._store_param(ins) if "param" in ins.flags else self._store(ins, site)
        if ins.name == "cvta":
            return self._convert_address(ins)
        if ins.name == "mov":
            return self._move(ins)
        if ins.name in ("membar", "fence", "griddepcontrol", "nanosleep"):
            return lambda group: None
        if ins.name == "setp" and len(ins.operands) > (3 + (len(ins.flags) - ("ftz" in ins.flags) > 1)):
            raise ins.unsupported("setp with two results")
        made = operation(ins)
        sources = [
            self._source(operand, kind, ins) for operand, kind in zip(ins.operands[1:], made.sources, strict=True)
        ]
        return _assign(self.registers.view(ins.operands[0], made.result, ins), made.compute, sources)

    def _source(self, operand: Operand, kind: str, ins: Instruction) -> Array:
        if isinstance(operand, str) and operand.startswith("!"):
            raise ins.unsupported("a negated predicate")
        return self.registers.source(operand, kind, ins)

    def _move(self, ins: Instruction) -> Step:
        """mov: a register, a number, the address of a variable, or 64 bits from or to two times 32."""
        to, of = ins.operands
        kind, view = ins.types[0], self.registers.view
        if isinstance(to, tuple) or (isinstance(of, tuple) and not isinstance(of, Immediate)):
            return self._move_parts(ins, to, of, kind)
        if isinstance(of, str) and of in self.symbols:
            return _assign(view(to, kind, ins), lambda a: a, [TYPES[kind].type(self.symbols[of])])
        return _assign(view(to, kind, ins), lambda a: a, [self.registers.source(of, kind, ins)])

    def _move_parts(self, ins: Instruction, to: Operand, of: Operand, kind: str) -> Step:
        view = self.registers.view
        if isinstance(to, tuple):
            part = f"b{int(kind[1:]) // len(to)}"
            whole = view(of, kind, ins)
            parts = [whole.view(TYPES[part])[i :: len(to)] for i in range(len(to))]
            moves = [_assign(view(r, part, ins), lambda a: a, [p]) for r, p in zip(to, parts, strict=True) if r != "_"]
        else:
            part = f"b{int(kind[1:]) // len(of)}"
            whole = view(to, kind, ins)
            moves = [
                _assign(whole.view(TYPES[part])[i :: len(of)], lambda a: a, [self.registers.source(r, part, ins)])
                for i, r in enumerate(of)
            ]
        if len(moves) == 1:
            return moves[0]

        def step(group: Group) -> None:
            for move in moves:
                move(group)

        return step

    def _convert_address(self, ins: Instruction) -> Step:
        """cvta: between an address of a state space and a generic one, which are the same for global memory."""
        space = ins.flags[-1]
        base = np.uint64({"shared": SHARED_BASE, "local": LOCAL_BASE}.get(space, 0))
        to, of = self.registers.view(ins.operands[0], "u64", ins), ins.operands[1]
        source = np.uint64(self.symbols[of]) if of in self.symbols else self.registers.source(of, "u64", ins)
        sign = np.subtract if "to" in ins.flags else np.add
        return _assign(to, lambda a: sign(a, base), [source])

    def _address(self, address: Address, ins: Instruction) -> Callable[[Group], Array]:
        """The addresses (count,) that a group's threads access."""
        offset = np.uint64(address.offset % 2**64)
        if address.base not in self.registers:
            at = np.uint64((self.symbols[address.base] if address.base else 0) + address.offset)
            return lambda group: np.full(group.count, at)
        base = self.registers.view(address.base, "u64", ins)
        if address.offset:
            return lambda group: (base if group.full else base[group.threads]) + offset
        return lambda group: base if group.full else base[group.threads]

    def _load(self, ins: Instruction, site: int) -> Step:
        space, kind, count, size = _access(ins)
        to = ins.operands[0] if count > 1 else (ins.operands[0],)
        into = [self.registers.whole(name, kind, ins) if name != "_" else None for name in to]
        where, of, line = self._address(ins.operands[1], ins), TYPES[kind], ins.line

        def step(group: Group) -> None:
            for piece, offsets, threads, which in self.memory.find(where(group), group.threads, space, size):
                values = piece.read(offsets, threads, of, count, line)
                for register, value in zip(into, values, strict=True):
                    if register is not None:
                        if group.full and which is None:
                            register[...] = value
                        else:
                            register[threads] = value
                if self.counting:
                    self._count(site, piece.space, offsets, size, threads)

        return step

    def _store(self, ins: Instruction, site: int) -> Step:
        space, kind, count, size = _access(ins)
        of = ins.operands[1] if count > 1 else (ins.operands[1],)
        sources = [self.registers.source(operand, kind, ins) for operand in of]
        where, dtype, line = self._address(ins.operands[0], ins), TYPES[kind], ins.line

        def step(group: Group) -> None:
            for piece, offsets, threads, which in self.memory.find(where(group), group.threads, space, size):
                values = np.empty((count, len(threads)), dtype)
                for value, source in zip(values, sources, strict=True):
                    everyone = source.ndim == 0 or (group.full and which is None)
                    value[...] = source if everyone else source[threads]
                piece.write(offsets, threads, values, line)
                if self.counting:
                    self._count(site, piece.space, offsets, size, threads)

        return step

    def _count(self, site: int, space: str, offsets: Array, size: int, threads: Array) -> None:
        counts, warps = self.counts, self.everyone.warps
        touching = warps if len(threads) == self.everyone.count else warps_of(threads)
        if space == "shared":
            counts.shared[site] += touching
            counts.wavefronts[site] += wavefronts(offsets, size, threads, warps)
        elif space == "local":
            counts.local[site] += touching
        else:
            counts.global_[site] += touching
            counts.sectors[site] += sectors(offsets, threads, warps)

    def _load_param(self, ins: Instruction) -> Step:
        """From a parameter of the kernel, or of a function that it calls: (threads,bytes) or (1,bytes)."""
        _, kind, count, _ = _access(ins)
        to = ins.operands[0] if count > 1 else (ins.operands[0],)
        into = [self.registers.whole(name, kind, ins) for name in to]
        address, of = ins.operands[1], TYPES[kind]

        def step(group: Group) -> None:
            data = self.params[address.base]
            for i, register in enumerate(into):
                at = address.offset + i * of.itemsize
                value = np.ascontiguousarray(data[:, at : at + of.itemsize]).view(of)[:, 0]
                register[group.mask] = value if len(value) == 1 else value[group.mask]

        return step

    def _store_param(self, ins: Instruction) -> Step:
        _, kind, count, _ = _access(ins)
        of = ins.operands[1] if count > 1 else (ins.operands[1],)
        sources = [self.registers.source(operand, kind, ins) for operand in of]
        address, dtype = ins.operands[0], TYPES[kind]

        def step(group: Group) -> None:
            data = self.params[address.base]
            for i, source in enumerate(sources):
                at = address.offset + i * dtype.itemsize
                value = np.broadcast_to(source, len(group.mask)).astype(dtype)[:, None].view(np.uint8)
                data[group.mask, at : at + dtype.itemsize] = value[group.mask]

        return step


def _assign(to: Array, compute: Callable[..., Array], sources: list[Array]) -> Step:
    """to = compute(*sources) for the threads of a group. All threads compute: what others find is thrown away."""
    copyto, putmask = np.copyto, np.putmask
    if len(sources) == 1:
        (a,) = sources

        def step(group: Group) -> None:
            if group.full:
                copyto(to, compute(a), casting="unsafe")
            else:
                copyto(to, compute(a), casting="unsafe", where=group.mask)

    elif len(sources) == 2:
        a, b = sources

        def step(group: Group) -> None:
            if group.full:
                copyto(to, compute(a, b), casting="unsafe")
            else:
                putmask(to, group.mask, compute(a, b))

    else:

        def step(group: Group) -> None:
            if group.full:
                copyto(to, compute(*sources), casting="unsafe")
            else:
                copyto(to, compute(*sources), casting="unsafe", where=group.mask)

    return step


_SPACES = {"global", "shared", "local", "const", "param"}
_HINTS = {
    "volatile",
    "relaxed",
    "weak",
    "nc",
    "ca",
    "cg",
    "cs",
    "lu",
    "cv",
    "wb",
    "wt",
    "cta",
    "gpu",
    "sys",
    "v2",
    "v4",
}


def _access(ins: Instruction) -> tuple[str, str, int, int]:
    """The state space, "" if generic, the type, how many, and how many bytes altogether."""
    unknown = [flag for flag in ins.flags if flag not in _SPACES | _HINTS and not flag.startswith(("L1::", "L2::"))]
    if unknown:
        raise ins.unsupported(f"{ins.name} with {', '.join(unknown)}")
    space = next((flag for flag in ins.flags if flag in _SPACES), "")
    count = next((int(flag[1]) for flag in ins.flags if flag in ("v2", "v4")), 1)
    return "global" if space == "const" else space, ins.types[-1], count, count * TYPES[ins.types[-1]].itemsize
