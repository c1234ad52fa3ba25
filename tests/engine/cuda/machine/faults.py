"""What the machine finds wrong. Every message names the line of PTX, the block and, where they are known, threads."""

from __future__ import annotations


class KernelError(Exception):
    """A kernel does what no kernel may. `line` is the line of PTX."""

    def __init__(self, what: str, line: int = 0, text: str = "", block: int | None = None) -> None:
        where = f" [block {block}, PTX line {line}: {text}]" if block is not None else f" [PTX line {line}: {text}]"
        super().__init__(what + (where if line else ""))
        self.line = line


class UnsupportedError(KernelError):
    """PTX that the machine does not know."""


class LaunchError(KernelError):
    """Arguments, threads or shared memory with which a kernel cannot be launched."""


class AddressError(KernelError):
    """An access outside every array, or misaligned."""


class UnwrittenError(KernelError):
    """Shared or local memory is read before anybody wrote it."""


class RaceError(KernelError):
    """Two threads touch a word, one of them writes it, and no barrier stands between."""


class BlocksError(KernelError):
    """Two blocks touch a word in global memory, and one of them writes it."""


class DeadlockError(KernelError):
    """Threads wait at a barrier that others never reach."""


class EndlessError(KernelError):
    """A kernel goes on and on."""
