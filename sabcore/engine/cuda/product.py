"""Products of a vector and a matrix, the same matrix at every step: what a step costs is how near the weights are.

A thread works on the same part of the matrix each time, so it keeps that part: as many rows as it can in registers,
then in shared memory, and only the rest comes from global memory, every time. Threads stand side by side along the
columns, each with `WIDTH` of them, so that a number of the vector is read once for all of them; where there are more
threads than that takes, the rows are divided into `shares`, and whoever uses a column adds up what they found.
"""

from __future__ import annotations

from typing import Any

from numba import cuda

from sabcore.engine.cuda.device_math import index, wide
from sabcore.engine.cuda.tile import AHEAD, NEAR, WIDTH, Tile


@cuda.jit(device=True)
def _entry(tile: Tile, v: Any, row: int, r: int) -> Any:
    """v[row + r], 0 beyond its end."""
    if tile.even or row + wide(r) < wide(tile.rows):
        return v[row + wide(r)]
    return v.dtype.type(0)


@cuda.jit(device=True)
def _element(tile: Tile, M: Any, row: int, r: int, column: int, k: int) -> Any:
    """M[row + r, column + k * groups], M row by row; some element where there is none."""
    if tile.even:
        return M[row * wide(tile.columns) + column + wide(r * tile.columns + k * tile.groups)]
    within = min(row + wide(r), wide(tile.rows - 1)) * wide(tile.columns)
    return M[within + min(column + wide(k * tile.groups), wide(tile.columns - 1))]


@cuda.jit(device=True)
def _place(tile: Tile) -> Any:
    """The calling thread's share of the rows, and its first row and column."""
    tid = index(cuda.threadIdx.x)
    share = index(tid // index(tile.groups))
    return share, wide(share) * wide(tile.depth), wide(index(tid - share * index(tile.groups)))


@cuda.jit(device=True)
def hold(tile: Tile, M: Any, held: Any, keep: int, kept: Any) -> None:
    """M (RC,), row by row -> the thread's own: `held` registers, then `keep` more rows of shared memory.

    No thread reads what another one has written to `kept`.
    """
    share, row, column = _place(tile)
    if share >= tile.shares:
        return
    for r in range(tile.held):
        for k in range(WIDTH):
            held[r * WIDTH + k] = _element(tile, M, row, r, column, k)
    row, slot = row + wide(tile.held), wide(cuda.threadIdx.x)
    for _r in range(keep):
        for k in range(WIDTH):
            kept[slot + wide(k * tile.threads)] = _element(tile, M, row, 0, column, k)
        row, slot = row + wide(1), slot + wide(WIDTH * tile.threads)


@cuda.jit(device=True)
def hold_weights(build: Any, tiles: Any, room: Any, weights: Any, near: Any, own: Any) -> None:
    """All weights of a kernel -> what a thread holds of them in its own registers and near, in shared memory; w_a."""
    hold(tiles.gates, weights.W_hh, own.W_hh, room.gates, near.W_hh)
    if build.memory:
        hold(tiles.query, weights.W_q, own.none, room.query, near.W_q)
        hold(tiles.key, weights.W_m, own.none, room.key, near.W_m)
    for i in range(build.key_units):
        u = index(cuda.threadIdx.x + i * build.threads)
        if u < build.U:
            near.w_a[u] = weights.w_a[u]


@cuda.jit(device=True)
def multiply(tile: Tile, v: Any, M: Any, held: Any, keep: int, kept: Any, part: Any) -> None:
    """v (R,), M (RC,) and what `hold` made of it -> part (shares C,), for `gathered`: v M, each share for itself.

    v must be complete, and part may be read after a barrier.
    """
    share, first, column = _place(tile)
    if share >= tile.shares:
        return
    sums = cuda.local.array(WIDTH, M.dtype)
    for _block in range(tile.blocks):
        for k in range(WIDTH):
            sums[k] = 0
        for r in range(tile.held):
            x = _entry(tile, v, first, r)
            for k in range(WIDTH):
                sums[k] += x * held[r * WIDTH + k]
        row, end, slot = first + wide(tile.held), first + wide(tile.held + keep), wide(cuda.threadIdx.x)
        while row + wide(NEAR) <= end:
            for r in range(NEAR):
                x = _entry(tile, v, row, r)
                for k in range(WIDTH):
                    sums[k] += x * kept[slot + wide((r * WIDTH + k) * tile.threads)]
            row, slot = row + wide(NEAR), slot + wide(NEAR * WIDTH * tile.threads)
        while row < end:
            x = _entry(tile, v, row, 0)
            for k in range(WIDTH):
                sums[k] += x * kept[slot + wide(k * tile.threads)]
            row, slot = row + wide(1), slot + wide(WIDTH * tile.threads)
        end = first + wide(tile.depth)
        while row + wide(AHEAD) <= end:
            for r in range(AHEAD):
                x = _entry(tile, v, row, r)
                for k in range(WIDTH):
                    sums[k] += x * _element(tile, M, row, r, column, k)
            row += wide(AHEAD)
        while row < end:
            x = _entry(tile, v, row, 0)
            for k in range(WIDTH):
                sums[k] += x * _element(tile, M, row, 0, column, k)
            row += wide(1)
        for k in range(WIDTH):
            at = column + wide(k * tile.groups)
            if tile.even or at < wide(tile.columns):
                part[wide(share) * wide(tile.columns) + at] = sums[k]
        column += wide(WIDTH * tile.groups)


@cuda.jit(device=True)
def gathered(of: Any, part: Any, column: int) -> Any:
    """What all shares of `of`, a Tile or Columns, have found for a column, added up in order."""
    total = part[column]
    for share in range(1, of.shares):
        total += part[wide(column) + wide(share * of.columns)]
    return total
