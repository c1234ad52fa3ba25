"""Compiling the kernels and launching them: by CuPy, on its current stream, or in Numba's simulator.

Numba makes PTX of a kernel, for one build, dtype and compute capability; it is kept on disk. CuPy loads and launches
it: its arrays need not be wrapped for Numba first, and a block may have all the shared memory there is.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numba
from numba import config, cuda, types

from sabcore.array.files import write_atomically
from sabcore.engine.cuda.backward import make_backward
from sabcore.engine.cuda.card import capability, current, shared_limit
from sabcore.engine.cuda.forward import make_forward
from sabcore.engine.cuda.plan import THREADS, Build
from sabcore.engine.cuda.topk import topk_kernel

#: Whether there is no GPU but NUMBA_ENABLE_CUDASIM=1.
SIMULATED = bool(getattr(config, "ENABLE_CUDASIM", False))
#: What makes a kernel of a build; None for a build is for the kernel that knows of no model.
KERNELS = {"forward": make_forward, "backward": make_backward, "topk": lambda build: topk_kernel}
#: The newest capability that kernels are compiled for: drivers compile its PTX for every later card.
NEWEST = (9, 0)
#: The first version of PTX that knows that capability. The compiler may call its PTX newer than the driver is, which
#: then refuses it, though it has no instruction that is.
PTX_VERSION = "7.8"

_loaded: dict[tuple[str, Build | None, str, int], Any] = {}


def launch(name: str, build: Build | None, dtype: Any, blocks: int, shared_bytes: int, *args: Any) -> None:
    """Run the kernel called `name`, of a build, for arrays of a dtype. They are C-contiguous, on the current device."""
    threads = build.threads if build else THREADS
    if SIMULATED:
        _simulated(name, build)[blocks, threads, 0, shared_bytes](*args)
        return
    key = name, build, str(dtype), current()
    if key not in _loaded:
        _loaded[key] = _load(name, build, str(dtype), tuple(typeof(arg) for arg in args))
    _loaded[key]((blocks,), (threads,), tuple(flatten(args)), shared_mem=shared_bytes)


def typeof(arg: Any) -> types.Type:
    """How Numba sees an argument of a kernel."""
    if getattr(arg, "ndim", 0):
        return types.Array(numba.from_dtype(arg.dtype), arg.ndim, "C")
    if isinstance(arg, tuple):
        return types.NamedTuple([typeof(field) for field in arg], type(arg))
    return types.int64 if isinstance(arg, int) else numba.typeof(arg)


def flatten(args: Any) -> Iterator[Any]:
    """The parameters of the machine code: a tuple's fields, and what Numba wants to know of an array (two owners,
    which it does not have here; its size, that of an element, the address, the shape, the strides in bytes)."""
    for arg in args:
        if isinstance(arg, tuple):
            yield from flatten(arg)
        elif getattr(arg, "ndim", 0):
            yield from (0, 0, arg.size, arg.itemsize, arg, *arg.shape, *arg.strides)
        else:
            yield arg


def compile_ptx(name: str, build: Build | None, signature: tuple[types.Type, ...], target: tuple[int, int]) -> str:
    """A kernel as PTX; some seconds. The launch bounds let it have as many registers as a thread can have."""
    ptx, _ = cuda.compile(
        KERNELS[name](build),
        signature,
        device=False,
        abi="numba",
        cc=target,
        output="ptx",
        launch_bounds=(THREADS, 1),
    )
    return re.sub(r"\.version\s+\S+", f".version {PTX_VERSION}", ptx, count=1)


@functools.cache
def _simulated(name: str, build: Build | None) -> Any:
    return cuda.jit(KERNELS[name](build))


def _load(name: str, build: Build | None, dtype: str, signature: tuple[types.Type, ...]) -> Any:
    """The kernel for the current device, ready to be called with a grid, a block and arguments."""
    import cupy  # not before it is needed: the simulator does without

    target = min(NEWEST, capability())
    file = _file(f"{name}-{dtype}", build, signature, target)
    if not file.exists():
        _say_why_nothing_seems_to_happen()
        write_atomically(file, compile_ptx(name, build, signature, target).encode())
    entry = re.search(r"\.entry\s+([\w$]+)", file.read_text())
    kernel = cupy.RawModule(path=str(file)).get_function(entry[1])  # type: ignore[index]
    kernel.max_dynamic_shared_size_bytes = shared_limit(cupy)
    return kernel


@functools.cache
def _say_why_nothing_seems_to_happen() -> None:
    print(
        "sabcore: compiling CUDA kernels, once for each model's sizes, some ten seconds ...",
        file=sys.stderr,
        flush=True,
    )


def _file(title: str, build: Build | None, signature: tuple[types.Type, ...], target: tuple[int, int]) -> Path:
    """Where the PTX is kept: named by a digest of all that it is made from."""
    digest = hashlib.sha256(repr((build, signature, target, version("numba-cuda"), numba.__version__)).encode())
    here = Path(__file__).parent
    for source in [*sorted(here.glob("*.py")), here.parent / "rules.py"]:
        digest.update(source.read_bytes())
    return _folder() / f"{title}-{digest.hexdigest()[:24]}.ptx"


@functools.cache
def _folder() -> Path:
    """The user's cache, or a temporary folder if that cannot be written to."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sabcore"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return Path(tempfile.mkdtemp(prefix="sabcore-"))
    return folder
