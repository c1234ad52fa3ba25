"""The current device, as far as kernels need to know it."""

from __future__ import annotations

import functools
from typing import Any

#: Bytes of shared memory of a block on a Hopper card; for NumPy's arrays, in the simulator, they stand for the card's.
SHARED_BYTES = 227 * 1024
#: cudaDevAttrComputeCapabilityMajor, ...Minor, cudaDevAttrMaxSharedMemoryPerBlockOptin.
_MAJOR, _MINOR, _SHARED_BYTES = 75, 76, 97


def current() -> int:
    """The number of the current device."""
    import cupy  # not before it is needed: the simulator does without

    return cupy.cuda.runtime.getDevice()


@functools.cache
def attribute(number: int, device: int) -> int:
    """An attribute of a device, by its number in CUDA's `cudaDeviceAttr`."""
    import cupy

    return cupy.cuda.runtime.deviceGetAttribute(number, device)


def capability() -> tuple[int, int]:
    """The compute capability of the current device."""
    return attribute(_MAJOR, current()), attribute(_MINOR, current())


def shared_limit(xp: Any) -> int:
    """Bytes of shared memory that a block can have, if it asks for them, where the arrays of module `xp` are."""
    return attribute(_SHARED_BYTES, current()) if xp.__name__ == "cupy" else SHARED_BYTES
