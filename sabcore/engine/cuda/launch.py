"""Compiling the kernels and launching them: by CuPy, on its current stream and device."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from sabcore.engine.cuda.build import Build
from sabcore.engine.cuda.records import as_struct
from sabcore.engine.cuda.source import source

#: cudaDevAttrMaxSharedMemoryPerBlockOptin, as CUDA numbers a device's attributes.
_SHARED_BYTES = 97


def shared_limit() -> int:
    """Bytes of shared memory that a block of the current device can have, if it asks for them."""
    import cupy  # not before it is needed

    return _attribute(_SHARED_BYTES, cupy.cuda.runtime.getDevice())


@functools.cache
def _attribute(number: int, device: int) -> int:
    import cupy

    return cupy.cuda.runtime.deviceGetAttribute(number, device)


def launch(name: str, build: Build, blocks: int, threads: int, shared_bytes: int, *args: Any) -> None:
    """Run the kernel called `name` of a build. Its arguments: records, numbers and contiguous arrays."""
    kernel(name, build)((blocks,), (threads,), tuple(map(_as_argument, args)), shared_mem=shared_bytes)


def kernel(name: str, build: Build) -> Any:
    """A kernel of a build, compiled for the current device."""
    import cupy

    return _load(name, build, cupy.cuda.runtime.getDevice())


def _as_argument(arg: Any) -> Any:
    """As CuPy takes it: an array of NumPy's is passed by value, one of its own by its address, None as no address."""
    if arg is None:
        return np.uint64(0)
    return as_struct(arg) if isinstance(arg, tuple) else arg


@functools.cache
def _load(name: str, build: Build, device: int) -> Any:
    """The kernel for a device. CuPy keeps what it has compiled, on disk as well."""
    loaded = _module(build).get_function(name)
    if name != "topk":
        loaded.max_dynamic_shared_size_bytes = _attribute(_SHARED_BYTES, device)
    return loaded


@functools.cache
def _module(build: Build) -> Any:
    import cupy

    return cupy.RawModule(code=source(), options=("--std=c++17", *build.options))
