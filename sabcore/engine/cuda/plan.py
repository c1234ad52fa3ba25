"""What kernels are compiled for, what they are told at each launch, and how a block's shared memory is divided."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from sabcore.engine.cuda.tile import COLLECTORS, WIDTH, Columns, Tile, columns_of, tile
from sabcore.engine.rules import rules
from sabcore.model.config import SABConfig

#: Threads of a block, which is one batch row. Few: a multiprocessor has 65,536 registers, and what a thread keeps in
#: its 255 it need not fetch.
THREADS = 256
#: Of these, how many hold weights, by the bytes of a number and whether slots are selected again on the way back: as
#: many as leave the compiler enough for the rest.
HELD_REGISTERS = {(4, False): 128, (4, True): 104, (8, False): 64, (8, True): 32}

#: The largest |2k| of a key that is kept as an exponential, and where |2q| is clamped: apart by enough for tanh to be
#: saturated to the last bit where a clamped query meets such a key, and inside the normal numbers.
_KEY_LIMIT = {"float32": 60.0, "float64": 640.0}
_QUERY_LIMIT = {"float32": 87.0, "float64": 700.0}
#: Where 1 + E e is cut off in scores: large enough for tanh to be 1, small enough for a product of four.
_SCORE_LIMIT = {"float32": 1e9, "float64": 1e18}


class Build(NamedTuple):
    """What is a constant in a kernel's code: sizes by the spec's letters, `U` numbers a key, of which a thread looks
    after `units` and `key_units`; whether there is a memory and an additive score; the threads of a block, and how many
    of the recurrent weights each of them holds in registers; whether numbers are `single`, in float32.

    `rereads`: whether a step can read more slots than the tape keeps, so that the backward kernel selects again.
    `shared`: whether a kernel's lists of N slots, or gradients by level, stand in shared memory.
    """

    H: int
    U: int
    units: int
    key_units: int
    memory: int
    additive: int
    threads: int
    registers: int
    single: int
    rereads: int
    shared: int


class Plan(NamedTuple):
    """What a launch is told: T steps, `N` slots visible at step T, `most` slots that a step can read.

    The fields from `score_grad` to `temperature` are `sabcore.engine.rules`'s.
    """

    T: int
    N: int
    most: int
    score_grad: int
    first_slot: int
    k_att: int
    sparsifier: int
    small_memory: int
    k_top: int
    rank: int
    cap: int
    k_trunc: int
    segment_offset: int
    L: int
    bounded: int
    loss_level: int
    slot_level: int
    margin: Any
    eps: Any
    temperature: Any
    key_limit: Any
    query_limit: Any
    score_limit: Any


class Room(NamedTuple):
    """What stands in a block's shared memory behind vectors and lists: from number `kept_at` on, rows of weights, of
    the gates', the query's and the key's. `bytes`: all of it."""

    kept_at: int
    gates: int
    query: int
    key: int
    bytes: int


def make_build(config: SABConfig, dtype: Any) -> Build:
    """The build that runs `config` in float32 or float64."""
    memory, additive = config.has_memory, config.has_memory and config.score == "additive"
    H, U, itemsize = config.hidden_size, config.A if additive else 1, np.dtype(dtype).itemsize
    rereads = memory and (config.k_top is None or config.margin < 0)
    return Build(
        H=H,
        U=U,
        units=-(-H // THREADS),
        key_units=-(-U // THREADS),
        memory=int(memory),
        additive=int(additive),
        threads=THREADS,
        registers=HELD_REGISTERS[itemsize, rereads] * 4 // itemsize,
        single=int(itemsize == 4),
        rereads=int(rereads),
        shared=1,
    )


def make_plan(config: SABConfig, T: int, dtype: Any) -> Plan:
    """The plan of a sequence of T steps."""
    N, of = config.slots_before(T), str(np.dtype(dtype))
    shared = rules(config, T, N, dtype)
    del shared["memory"], shared["additive"]
    number = np.dtype(dtype).type
    limits = {"key_limit": _KEY_LIMIT, "query_limit": _QUERY_LIMIT, "score_limit": _SCORE_LIMIT}
    return Plan(
        T=T,
        N=N,
        most=N if config.k_top is None or config.margin < 0 else shared["cap"],
        **shared,
        **{name: number(limit[of]) for name, limit in limits.items()},
    )


class Tiles(NamedTuple):
    """How a kernel's work is divided: products with W_hh and, if there is a memory, with the query's and the key's
    weights; the rows of a list over the units of states and of keys."""

    gates: Tile
    query: Tile
    key: Tile
    units: Columns
    key_units: Columns


def forward_tiles(build: Build) -> Tiles:
    """States (H) -> gates (4H), queries and keys (U)."""
    return _tiles(build, tile(build.H, 4 * build.H, build.threads, build.registers), build.H, build.U)


def backward_tiles(build: Build) -> Tiles:
    """The gradients of gates (4H), queries and keys (U) -> that of the state (H)."""
    return _tiles(build, tile(4 * build.H, build.H, build.threads, build.registers), build.U, build.H)


def _tiles(build: Build, gates: Tile, rows: int, columns: int) -> Tiles:
    other = tile(rows, columns, build.threads)
    return Tiles(gates, other, other, columns_of(build.H, build.threads), columns_of(build.U, build.threads))


def offsets(*sizes: int) -> tuple[int, ...]:
    """Where vectors of these sizes begin, one behind the other, and where the last one ends.

    Each begins at a multiple of four numbers: the assembler then reads four of them at once.
    """
    ends = [0]
    for size in sizes:
        ends.append(ends[-1] + -(-size // 4) * 4)
    return tuple(ends)


def forward_vectors(build: Build) -> tuple[int, ...]:
    """Offsets of h, feature(h), feature(hhat), q, e, w_a, the partial sums of a product, those of a key; the end."""
    H, U, tiles = build.H, build.U, forward_tiles(build)
    part = max(tiles.gates.partial, tiles.query.partial, build.threads, H, COLLECTORS)
    return offsets(H, H, H, U, U, U, part, tiles.key.partial)


def backward_vectors(build: Build) -> tuple[int, ...]:
    """Offsets of dz, ds, a key's or a query's gradient, q, e, w_a, partial sums; the end."""
    H, U, tiles = build.H, build.U, backward_tiles(build)
    part = max(tiles.gates.partial, tiles.query.partial, build.threads, U, COLLECTORS)
    return offsets(4 * H, H, U, U, U, U, part)


def forward_room(build: Build, plan: Plan, itemsize: int, limit: int) -> tuple[Build, Room]:
    """`limit` bytes of shared memory, divided: the vectors, then the lists of N slots if they fit, then weights."""
    vectors, tiles = forward_vectors(build)[-1] * itemsize, forward_tiles(build)
    lists = 2 * plan.N * itemsize + plan.N * 4 + plan.most * (2 * itemsize + 4)
    return _divide(build, tiles, itemsize, limit, vectors, lists)


def backward_room(build: Build, plan: Plan, itemsize: int, limit: int) -> tuple[Build, Room]:
    """The same: vectors and lists of `cap` slots, then the gradients by level if they fit, then weights."""
    vectors, tiles = backward_vectors(build)[-1] * itemsize, backward_tiles(build)
    vectors += 0 if build.rereads else plan.cap * (4 * itemsize + 4)
    return _divide(build, tiles, itemsize, limit, vectors, 2 * plan.L * build.H * itemsize)


def _divide(build: Build, tiles: Tiles, itemsize: int, limit: int, vectors: int, lists: int) -> tuple[Build, Room]:
    """The build that this room is for, and the room: `vectors` in any case, though they do not fit."""
    vectors, lists = _aligned(vectors), _aligned(lists)
    shared = vectors + lists <= limit
    kept_at = used = vectors + lists * shared
    kept = []
    for of in (tiles.gates, tiles.query, tiles.key)[: 3 if build.memory else 1]:
        row = WIDTH * build.threads * itemsize
        kept.append(max(0, min(of.depth - of.held, (limit - used) // row)) * (of.blocks == 1))
        used += kept[-1] * row
    gates, query, key = (*kept, 0, 0)[:3]
    return build._replace(shared=int(shared)), Room(kept_at // itemsize, gates, query, key, used)


def _aligned(size: int) -> int:
    """In bytes: up to the next multiple of 16."""
    return -(-size // 16) * 16
