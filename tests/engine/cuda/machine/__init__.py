"""A machine for PTX: what is launched on a GPU, executed on a CPU, and watched.

Numba's simulator runs a kernel's Python; this runs the code that the compiler makes of it: types, address arithmetic,
barriers, the layout of shared memory. An access outside an array, a read of what nobody wrote, a race, a word that two
blocks touch, a barrier that somebody misses: each is an error that names the line of PTX.

    report = Kernel(ptx).run(blocks, threads, args, shared_bytes)

`kernel` launches, `parse` and `inline` read PTX, `execute` runs a block, `steps` one instruction, with
`registers`, `arithmetic`, `warp` and `memory`, `races` decides what is ordered, `report` counts.
"""

from tests.engine.cuda.machine.faults import (
    AddressError,
    BlocksError,
    DeadlockError,
    EndlessError,
    KernelError,
    LaunchError,
    RaceError,
    UnsupportedError,
    UnwrittenError,
)
from tests.engine.cuda.machine.kernel import Kernel
from tests.engine.cuda.machine.report import Report

__all__ = [
    "AddressError",
    "BlocksError",
    "DeadlockError",
    "EndlessError",
    "Kernel",
    "KernelError",
    "LaunchError",
    "RaceError",
    "Report",
    "UnsupportedError",
    "UnwrittenError",
]
