"""The current device, as far as kernels need to know it."""

from __future__ import annotations

import functools
from typing import Any

#: Bytes of shared memory of a block on a Hopper card; for NumPy's arrays, in the simulator, they stand for the card's.
SHARED_BYTES = 227 * 1024


def current() -> int:
    """The number of the current device."""
    import cupy  # not before it is needed: the simulator does without

    return cupy.cuda.runtime.getDevice()


@functools.cache
def attributes(device: int) -> dict[str, int]:
    """What CUDA says about a device, by CuPy's names."""
    import cupy

    return cupy.cuda.Device(device).attributes


def capability() -> tuple[int, int]:
    """The compute capability of the current device."""
    of = attributes(current())
    return of["ComputeCapabilityMajor"], of["ComputeCapabilityMinor"]


def shared_limit(xp: Any) -> int:
    """Bytes of shared memory that a block can have, if it asks for them, where the arrays of module `xp` are."""
    return attributes(current())["MaxSharedMemoryPerBlockOptin"] if xp.__name__ == "cupy" else SHARED_BYTES
