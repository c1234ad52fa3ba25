"""A kernel that can be launched: parameters, variables, shared memory, blocks one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tests.engine.cuda.machine.execute import Processor
from tests.engine.cuda.machine.faults import LaunchError
from tests.engine.cuda.machine.inline import inlined
from tests.engine.cuda.machine.memory import Memory
from tests.engine.cuda.machine.parse import TYPES, Instruction, Variable, parse
from tests.engine.cuda.machine.races import Clock
from tests.engine.cuda.machine.report import Counts, Report, make_report

#: The shared memory that a block can be given on the largest GPUs.
MOST_SHARED = 227 * 1024
#: Runs of instructions after which a block is taken to be endless.
LIMIT = 20_000_000


class Kernel:
    """One .entry of PTX text, with what it calls."""

    def __init__(self, ptx: str, entry: str | None = None) -> None:
        self._function = inlined(parse(ptx), entry)
        self._processors: dict[int, Processor] = {}
        self._place_variables()

    @property
    def code(self) -> list[Instruction]:
        """Its instructions in order."""
        return self._function.code

    @property
    def params(self) -> list[str]:
        """The types of its parameters."""
        return [param.type for param in self._function.params]

    def barriers(self) -> list[int]:
        """The lines of all barriers, of a block or a warp, that do nothing but wait."""
        return [ins.line for ins in self.code if ins.name in ("bar", "barrier") and "sync" in ins.flags]

    def without(self, *lines: int) -> Kernel:
        """The same kernel less some lines: a mutant."""
        nothing = [
            Instruction(ins.line, ins.text, "membar") if ins.line in lines else ins for ins in self._function.code
        ]
        mutant = Kernel.__new__(Kernel)
        mutant._function, mutant._processors = replace(self._function, code=nothing), {}
        mutant._place_variables()
        return mutant

    def run(
        self,
        blocks: int,
        threads: int,
        args: Sequence[Any],
        shared_bytes: int = 0,
        *,
        count: bool = True,
        limit: int = LIMIT,
    ) -> Report:
        """Launch it. An array among `args` is written to as the kernel does; a number is one of its parameter's type.

        Args:
            blocks: executed one after the other.
            threads: of each block, in one dimension.
            args: one for each .param.
            shared_bytes: of dynamic shared memory.
            count: sectors and wavefronts too, which takes time.
            limit: of runs of instructions, for a block.

        Raises:
            KernelError: the kernel did what no kernel may, or what the machine does not know.
        """
        if not 1 <= threads <= self._function.most_threads:
            raise LaunchError(f"{threads} threads, but should be 1 to {self._function.most_threads}")
        if self._static_shared + shared_bytes > MOST_SHARED:
            raise LaunchError(
                f"{self._static_shared + shared_bytes} bytes of shared memory, but there are {MOST_SHARED}"
            )
        memory = Memory(Clock(threads), self._static_shared + shared_bytes, self._local)
        symbols = self._offsets | self._place_data(memory)
        processor = self._processors.setdefault(threads, Processor(self._function, threads, symbols))
        processor.memory, processor.counting = memory, count
        processor.counts = Counts.of(len(self.code))
        processor.params = self._arguments(memory, args, threads)
        special = processor.registers.special
        special["%nctaid.x"].fill(blocks)
        special["%dynamic_smem_size"].fill(shared_bytes)
        special["%total_smem_size"].fill(self._static_shared + shared_bytes)
        special["%nwarpid"].fill(-(-threads // 32))
        for block in range(blocks):
            memory.start_block()
            processor.run_block(block, limit)
            memory.end_block()
        return make_report(self.code, processor.counts, blocks, processor.everyone.warps)

    def _place_variables(self) -> None:
        """Offsets of variables in shared and local memory; dynamic shared memory comes last."""
        self._offsets: dict[str, int] = {}
        used = {"shared": 0, "local": 0}
        variables = self._function.variables.values()
        for variable in sorted(variables, key=lambda v: v.size == 0):
            if variable.space in used:
                at = used[variable.space] + -used[variable.space] % (variable.align if variable.size else 16)
                self._offsets[variable.name] = at
                used[variable.space] = at + variable.size
        self._static_shared = used["shared"] + (-used["shared"] % 16)
        self._local = used["local"]

    def _place_data(self, memory: Memory) -> dict[str, int]:
        """Module variables in global memory, of which constants are a part here."""
        placed = {}
        named = {operand for ins in self.code for each in ins.operands for operand in _names(each)}
        for variable in self._function.variables.values():
            if variable.space in ("global", "const") and variable.name in named:
                data = np.frombuffer(bytearray(variable.data or bytes(variable.size)), np.uint8)
                placed[variable.name] = memory.place(data, f"variable {variable.name}")
        return placed

    def _arguments(self, memory: Memory, args: Sequence[Any], threads: int) -> dict[str, Any]:
        """The bytes of each parameter: (1,bytes), and (threads,bytes) of those of functions called."""
        params = self._function.params
        if len(args) != len(params):
            raise LaunchError(f"{len(args)} arguments, but should be {len(params)}")
        addresses = memory.place_arrays({i: arg for i, arg in enumerate(args) if isinstance(arg, np.ndarray)})
        given = {
            param.name: np.frombuffer(_bytes(i, param, addresses.get(i, arg)), np.uint8)[None]
            for i, (param, arg) in enumerate(zip(params, args, strict=True))
        }
        called = {v.name: v for v in self._function.variables.values() if v.space == "param"}
        return given | {name: np.zeros((threads, v.size), np.uint8) for name, v in called.items()}


def _bytes(i: int, param: Variable, arg: Any) -> bytes:
    """A parameter's value, which its type must be able to hold."""
    of, value = TYPES[param.type], np.asarray(arg)
    if of.kind == "f":
        return value.astype(of).tobytes()
    bits = 8 * of.itemsize
    whole = param.size == of.itemsize and value.dtype.kind in "iub"
    if not whole or int(arg) not in range(-(2 ** (bits - 1)), 2**bits):
        raise LaunchError(f"parameter {i} is {param.type}, but its argument is {arg!r}")
    return np.array(int(arg) % 2**bits, f"u{of.itemsize}").tobytes()


def _names(operand: Any) -> list[str]:
    if isinstance(operand, str):
        return [operand]
    return [name for each in operand if isinstance(each, str | tuple) for name in _names(each)] if operand else []
