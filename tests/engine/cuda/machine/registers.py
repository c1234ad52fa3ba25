"""Registers: one NumPy array each, an element for each thread, seen as whatever type an instruction gives it."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.engine.cuda.machine.parse import TYPES, Function, Immediate, Instruction, Operand
from tests.engine.cuda.machine.races import WARP

Array = Any


class Registers:
    """All registers of a block; the special ones too, which the launch fills in."""

    def __init__(self, kernel: Function, threads: int) -> None:
        self.kernel, self.threads = kernel, threads
        self._of: dict[str, Array] = {}
        lane = np.arange(threads, dtype=np.uint32) % WARP
        bit = np.uint64(1) << lane.astype(np.uint64)
        one = np.uint64(1)
        masks: dict[str, Array] = {
            "eq": bit,
            "lt": bit - one,
            "le": (bit << one) - one,
            "gt": ~((bit << one) - one),
            "ge": ~(bit - one),
        }
        of_threads: dict[str, Array] = {
            f"%lanemask_{name}": mask & np.uint64(0xFFFFFFFF) for name, mask in masks.items()
        }
        of_threads |= {"%tid.x": np.arange(threads), "%laneid": lane, "%warpid": np.arange(threads) // WARP}
        #: %ctaid.x and the like: one number for the block.
        self.special = {name: np.zeros(threads, np.uint32) for name in _SPECIAL}
        self.special |= {name: value.astype(np.uint32) for name, value in of_threads.items()}
        for name in ("%ntid.x", "%ntid.y", "%ntid.z", "%nctaid.x", "%nctaid.y", "%nctaid.z"):
            self.special[name] = np.full(threads, threads if name == "%ntid.x" else 1, np.uint32)

    def _storage(self, name: str) -> Array:
        if name not in self._of:
            declared = self.kernel.registers[name]
            of = np.dtype(bool) if declared == "pred" else np.dtype(f"uint{8 * TYPES[declared].itemsize}")
            self._of[name] = np.zeros(self.threads, of)
        return self._of[name]

    def __contains__(self, name: Operand) -> bool:
        return isinstance(name, str) and name in self.kernel.registers

    def view(self, name: str, kind: str, ins: Instruction) -> Array:
        """A register as a type; of a wider one, its lower part."""
        if name in self.special:
            return self.special[name].view(TYPES[kind]) if TYPES[kind].itemsize == 4 else self.special[name]
        if name not in self:
            raise ins.unsupported(f"what is {name}?")
        storage, of = self._storage(name), TYPES[kind]
        if (storage.dtype == bool) != (kind == "pred") or of.itemsize > storage.itemsize:
            raise ins.unsupported(f"{name} as {kind}")
        return storage.view(of)[:: storage.itemsize // of.itemsize]

    def whole(self, name: str, kind: str, ins: Instruction) -> Array:
        """A register to be loaded with a `kind`, which may be narrower: all its bits, signed if that is."""
        if name not in self:
            raise ins.unsupported(f"what is {name}?")
        storage = self._storage(name)
        if kind[0] == "f" or storage.dtype == bool:
            return self.view(name, kind, ins)
        return storage.view(np.dtype(f"{'int' if kind[0] == 's' else 'uint'}{8 * storage.itemsize}"))

    def source(self, operand: Operand, kind: str, ins: Instruction) -> Array:
        """What an instruction reads: a register, or a number of that type."""
        if not isinstance(operand, Immediate):
            return self.view(operand, kind, ins)
        of = TYPES[kind]
        if isinstance(operand.value, float) or of.kind in "fb":
            value = of.type(operand.value)
            if of.kind in "iu":  # the bits of a float
                value = np.array(operand.value, f"float{8 * of.itemsize}").view(of)[()]
            return value
        return np.array(operand.value & (2 ** (8 * of.itemsize) - 1), f"uint{8 * of.itemsize}").view(of)[()]


_SPECIAL = (
    "%tid.y %tid.z %ctaid.x %ctaid.y %ctaid.z %dynamic_smem_size %total_smem_size %nwarpid %clock %clock_hi".split()
)
