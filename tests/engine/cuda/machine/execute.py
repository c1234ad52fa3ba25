"""Executing a block: all its threads, by groups that stand at the same instruction, the hindmost group first.

Instructions are cut into runs that nothing jumps into or out of. A run is made, when it is first reached, into Python
functions; each executes one instruction for the threads of a group. What ends a run decides where these go on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from tests.engine.cuda.machine.faults import DeadlockError, EndlessError, KernelError
from tests.engine.cuda.machine.parse import Function, Immediate, Instruction
from tests.engine.cuda.machine.races import WARP
from tests.engine.cuda.machine.steps import Group, Step, Steps
from tests.engine.cuda.machine.warp import exchange, is_exchange, members

Array = Any
_ENDS = {"bra", "brx", "ret", "exit", "bar", "barrier"}


class Run(NamedTuple):
    """Instructions first..last of the program; the steps of all but one that ends it."""

    first: int
    last: int
    steps: list[tuple[Step, Instruction]]
    end: Callable[[Group], None]


class Processor(Steps):
    """A kernel, ready to execute with so many threads a block: which threads take which step next, and who waits."""

    def __init__(self, kernel: Function, threads: int, symbols: dict[str, int]) -> None:
        super().__init__(kernel, threads, symbols)
        targets = set(kernel.labels.values()) | {0}
        targets |= {i + 1 for i, ins in enumerate(self.code) if ins.name in _ENDS or is_exchange(ins)}
        targets |= {i for i, ins in enumerate(self.code) if is_exchange(ins)}
        self._starts = sorted(targets | {len(self.code)})
        self._next = dict(zip(self._starts, self._starts[1:], strict=False))
        self._runs: dict[int, Run] = {}
        self._ready: dict[int, Group] = {}
        self._waiting: dict[int, Group] = {}

    def run_block(self, block: int, limit: int) -> None:
        """From the first instruction to the end of the last thread; `limit`: of runs."""
        self.registers.special["%ctaid.x"].fill(block)
        self._ready, self._waiting = {0: self.everyone}, {}
        runs, ready, executed = self._runs, self._ready, self.counts.executed
        done = 0
        with np.errstate(all="ignore"):
            while ready:
                at = min(ready)
                group = ready.pop(at)
                run = runs.get(at) or self._compile(at)
                ins = self.code[at]
                try:
                    for step, ins in run.steps:  # noqa: B007
                        step(group)
                    ins = self.code[run.last - 1]
                    run.end(group)
                    if not ready and self._waiting:
                        self._blocked(block)
                except KernelError as fault:
                    if fault.line:
                        raise
                    raise type(fault)(str(fault), ins.line, ins.text, block) from None
                executed[run.first : run.last] += group.warps
                done += 1
                if done > limit:
                    raise EndlessError(f"no end after {limit} runs of instructions", ins.line, ins.text, block)

    def _go(self, at: int, group: Group) -> None:
        """Let threads go on at an instruction, together with those that are there already."""
        there = self._ready.get(at)
        self._ready[at] = self._joined(there, group) if there else group

    def _joined(self, a: Group, b: Group) -> Group:
        mask = a.mask | b.mask
        return self.everyone if mask.all() else Group(mask)

    def _compile(self, at: int) -> Run:
        last = self._next.get(at, at)
        code = self.code[at:last]
        ends = bool(code) and (code[-1].name in _ENDS or is_exchange(code[-1]))
        steps = [(self.step(ins, at + i), ins) for i, ins in enumerate(code[: len(code) - ends])]
        end = self._end(code[-1], last - 1) if ends else self._fall_through(last)
        self._runs[at] = Run(at, last, steps, end)
        return self._runs[at]

    def _blocked(self, block: int) -> None:
        """Nobody can go on, some wait."""
        (at, group), *others = self._waiting.items()
        ins = self.code[at]
        elsewhere = ", ".join(f"line {self.code[i].line}" for i, _ in others)
        missing = self.everyone.count - sum(each.count for each in self._waiting.values())
        raise DeadlockError(
            f"threads {group.threads[0]}..{group.threads[-1]} ({group.count}) wait"
            + (f", others wait at {elsewhere}" if others else "")
            + (f", {missing} have left" if missing else ""),
            ins.line,
            ins.text,
            block,
        )

    # What ends a run.

    def _fall_through(self, at: int) -> Callable[[Group], None]:
        if at >= len(self.code):
            return lambda group: None
        return lambda group: self._go(at, group)

    def _end(self, ins: Instruction, at: int) -> Callable[[Group], None]:
        if ins.name == "bra":
            return self._branch(ins, at, self.kernel.labels[ins.operands[0]])
        if ins.name in ("ret", "exit"):
            return self._branch(ins, at, len(self.code))
        if ins.name == "brx":
            return self._branch_by_table(ins)
        if ins.guard:
            raise ins.unsupported(f"{ins.name} under a predicate")
        if is_exchange(ins):
            return self._in_warps(ins, at)
        return self._barrier(ins, at)

    def _branch(self, ins: Instruction, at: int, target: int) -> Callable[[Group], None]:
        go, end = self._go, len(self.code)
        if not ins.guard:
            return (lambda group: go(target, group)) if target < end else (lambda group: None)
        holds, unless = self.registers.view(ins.guard, "pred", ins), ins.unless

        def branch(group: Group) -> None:
            taken = holds if group.full else holds & group.mask
            count = np.count_nonzero(taken)
            if unless:
                count = group.count - count
            if count == group.count:
                if target < end:
                    go(target, group)
            elif count == 0:
                go(at + 1, group)
            else:
                if unless:
                    taken = ~taken & group.mask
                if target < end:
                    go(target, Group(taken.copy()))
                go(at + 1, Group(group.mask & ~taken))

        return branch

    def _branch_by_table(self, ins: Instruction) -> Callable[[Group], None]:
        index = self.registers.source(ins.operands[0], "u32", ins)
        targets = [self.kernel.labels[name] for name in self.kernel.tables[ins.operands[1]]]

        def branch(group: Group) -> None:
            for i in np.unique(index[group.threads]):
                self._go(targets[i], Group(group.mask & (index == i)))

        return branch

    def _barrier(self, ins: Instruction, at: int) -> Callable[[Group], None]:
        """bar.sync or bar.red: of all threads, at one instruction."""
        flags = [flag for flag in ins.flags if flag not in ("cta", "aligned")]
        if flags == ["sync"] and ins.operands in ((), (Immediate(0),)):
            reduce = None
        elif flags[0] == "red" and ins.operands[1] == Immediate(0) and len(ins.operands) == 3:
            reduce = self._reduction(ins, flags[1])
        else:
            raise ins.unsupported()

        def arrive(group: Group) -> None:
            if at in self._waiting:
                group = self._joined(self._waiting.pop(at), group)
            if not group.full:
                self._waiting[at] = group
                return
            if reduce:
                reduce()
            self.memory.clock.block_barrier()
            self._go(at + 1, group)

        return arrive

    def _reduction(self, ins: Instruction, how: str) -> Callable[[], None]:
        unless = isinstance(ins.operands[2], str) and ins.operands[2].startswith("!")
        name = ins.operands[2][1:] if unless else ins.operands[2]
        source = self.registers.source(name, "pred", ins)
        reduction: Any = {"or": np.any, "and": np.all, "popc": np.sum}[how]
        to = self.registers.view(ins.operands[0], ins.types[0], ins)

        def reduce() -> None:
            to[...] = reduction(~source if unless else source)

        return reduce

    def _in_warps(self, ins: Instruction, at: int) -> Callable[[Group], None]:
        """bar.warp.sync, shfl, vote and the like: of the threads of a warp that their operand names."""
        act, of_warps = exchange(ins, self.registers), members(ins, self.registers)

        def arrive(group: Group) -> None:
            if at in self._waiting:
                group = self._joined(self._waiting.pop(at), group)
            complete = group.mask & of_warps(group)
            if complete.all() and group.full:
                ready = group
            else:
                ready = Group(complete)
                if ready.count < group.count:
                    self._waiting[at] = Group(group.mask & ~complete)
            if ready.count:
                if act:
                    act(ready)
                else:
                    self.memory.clock.warp_barrier(np.unique(ready.threads // WARP))
                self._go(at + 1, ready)

        return arrive

    # What stands within a run.
