"""What the kernels are compiled for: sizes, and how near the weights are; the constants that the .cu files use."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from sabcore.model.config import SABConfig

#: Units are padded to a multiple of a warp.
WARP = 32
#: Threads of a block, where the sizes allow it. Few: a multiprocessor has 65,536 registers.
THREADS, MOST_THREADS = 256, 1024
#: At most so many neighbours share a unit.
MOST_LANES = 8
#: Pieces of W_hh, of 16 numbers each, that a thread of at most `THREADS` holds in its 255 registers: as many as leave
#: the compiler enough for the rest. By the bytes of a number and whether the way back selects, too.
HELD = {(4, False): 7, (4, True): 5, (8, False): 2, (8, True): 1}
#: Bytes of shared memory that stay free for lists, if weights could fill all of it.
LIST_BYTES = 12_000


class Build(NamedTuple):
    """One constant a field, by its name in the kernels. `KEPT_`: pieces of a matrix in shared memory, a thread."""

    SINGLE: int  # whether numbers are float32
    H: int  # padded
    A: int  # padded; 32 for a separable score, whose key is one number
    UNIT_LANES: int  # threads that share a unit of the state
    KEY_LANES: int  # threads that share a unit of a key
    THREADS: int
    MEMORY: int
    ADDITIVE: int
    SENDS_FEW: int  # whether k_back is given, so that not all that a step reads sends gradient
    REREADS: int  # whether a step can read more slots than the tape keeps, so that the way back selects again
    HELD_GATES: int  # pieces of W_hh in registers
    KEPT_GATES: int
    KEPT_QUERY: int
    KEPT_KEY: int
    KEPT_GATES_BACK: int
    KEPT_QUERY_BACK: int
    KEPT_KEY_BACK: int
    FORWARD_BYTES: int  # of shared memory, without lists
    BACKWARD_BYTES: int

    @property
    def options(self) -> tuple[str, ...]:
        """For a compiler's command line."""
        return tuple(f"-D{name}={value}" for name, value in self._asdict().items())


def make_build(config: SABConfig, dtype: Any, shared_limit: int, threads: int = THREADS) -> Build | None:
    """The build that runs `config` in float32 or float64 on a card whose blocks have `shared_limit` bytes; None if
    there is none."""
    additive = config.has_memory and config.score == "additive"
    H, A = padded(config.hidden_size), padded(config.A if additive else 1)
    lanes = power_of_two(threads // H)
    while H * lanes < A and lanes < MOST_LANES:
        lanes *= 2
    threads = H * lanes
    if threads > MOST_THREADS or threads < A:
        return None
    itemsize = np.dtype(dtype).itemsize
    rereads = config.has_memory and (config.k_top is None or config.margin < 0)
    sends_few = config.has_memory and config.k_back is not None
    held = HELD[itemsize, rereads or sends_few] if threads <= THREADS else 0
    build = Build(
        SINGLE=int(itemsize == 4),
        H=H,
        A=A,
        UNIT_LANES=lanes,
        KEY_LANES=power_of_two(threads // A),
        THREADS=threads,
        MEMORY=int(config.has_memory),
        ADDITIVE=int(additive),
        SENDS_FEW=int(sends_few),
        REREADS=int(rereads),
        HELD_GATES=min(held, H // 4 // lanes),
        KEPT_GATES=0,
        KEPT_QUERY=0,
        KEPT_KEY=0,
        KEPT_GATES_BACK=0,
        KEPT_QUERY_BACK=0,
        KEPT_KEY_BACK=0,
        FORWARD_BYTES=0,
        BACKWARD_BYTES=0,
    )
    build = _keep(build, "FORWARD_BYTES", _forward_vectors(build, itemsize), shared_limit, forward_products(build))
    build = _keep(build, "BACKWARD_BYTES", _backward_vectors(build, itemsize), shared_limit, backward_products(build))
    return build if max(build.FORWARD_BYTES, build.BACKWARD_BYTES) <= shared_limit else None


class Shape(NamedTuple):
    """How a product divides its matrix (see product.cu): groups of four rows, `lanes` threads each, `columns`."""

    groups: int
    lanes: int
    columns: int

    @property
    def depth(self) -> int:
        """Pieces of four columns that a thread has."""
        return -(-self.columns // (4 * self.lanes))


def forward_products(build: Build) -> dict[str, Shape]:
    """Of gates, of queries and of keys, by the field that says how much of it is kept."""
    seen = Shape(build.A // 4, 4 * build.KEY_LANES, build.H)
    return {"KEPT_GATES": Shape(build.H, build.UNIT_LANES, build.H), "KEPT_QUERY": seen, "KEPT_KEY": seen}


def backward_products(build: Build) -> dict[str, Shape]:
    """The same of the transposed matrices."""
    gates, seen = (Shape(build.H // 4, 4 * build.UNIT_LANES, columns) for columns in (4 * build.H, build.A))
    return {"KEPT_GATES_BACK": gates, "KEPT_QUERY_BACK": seen, "KEPT_KEY_BACK": seen}


def padded(size: int) -> int:
    """Up to the next multiple of a warp."""
    return -(-size // WARP) * WARP


def power_of_two(n: int) -> int:
    """The largest that is at most n, and from 1 to `MOST_LANES`."""
    return min(MOST_LANES, 1 << max(n, 1).bit_length() - 1)


def _forward_vectors(build: Build, itemsize: int) -> int:
    """Bytes of ForwardShared's fields before the weights."""
    return aligned((5 * build.H + 4 * build.A + 1) * itemsize + (1 + WARP) * 4)


def _backward_vectors(build: Build, itemsize: int) -> int:
    return aligned((9 * build.H + 5 * build.A + 2) * itemsize + 8)


def _keep(build: Build, total: str, used: int, limit: int, products: dict[str, Shape]) -> Build:
    """As much of the matrices, one after the other, as shared memory takes."""
    four = 16 if build.SINGLE else 32
    kept = {}
    used += len(products) * four  # each array has one element more than it needs: C++ knows no empty ones
    for name, shape in products.items():
        piece, held = 4 * shape.groups * shape.lanes * four, build.HELD_GATES if "GATES" in name else 0
        wanted = shape.depth - held if build.MEMORY or "GATES" in name else 0
        kept[name] = max(0, min(wanted, (limit - LIST_BYTES - used) // piece))
        used += kept[name] * piece
    return build._replace(**kept, **{total: used})


def aligned(size: int) -> int:
    """In bytes: up to the next multiple of 16."""
    return -(-size // 16) * 16
